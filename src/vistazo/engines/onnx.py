"""ONNX Runtime on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vistazo.engines.base import Outputs
from vistazo.errors import UnreadableModelError
from vistazo.signature import ModelSignature


class OnnxEngine:
    """Runs a compiled model: input (n, h, w, c), outputs ``scores`` and, where it is, ``features``.

    One thread per call: several pictures at once keep the cores busy with less waiting than
    several threads in one picture, and without a pool of threads that spins.
    """

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.enable_cpu_mem_arena = False  # an arena keeps its high-water mark for ever
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime's own errors share no base but Exception
            raise UnreadableModelError(f"ONNX Runtime cannot load {path}: {error}") from error
        self._input = self._session.get_inputs()[0].name
        names = [output.name for output in self._session.get_outputs()]
        self._outputs = [name for name in ("scores", "features") if name in names]
        signature = ModelSignature.from_metadata(self._session.get_modelmeta().custom_metadata_map)
        if signature is None or "scores" not in names:
            raise UnreadableModelError(f"{path} is ONNX, but was not written by Vistazo.")
        self.signature = signature

    def run(self, images: NDArray[np.float32]) -> Outputs:
        results = self._session.run(self._outputs, {self._input: images})
        return Outputs(results[0], results[1] if len(results) > 1 else None)

    def close(self) -> None:
        del self._session

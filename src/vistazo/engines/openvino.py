"""OpenVINO on the CPU: what it gains is bfloat16, where the processor multiplies that."""

from __future__ import annotations

import logging
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vistazo.engines.base import Head, Outputs, Probe, Runtime, outputs_of
from vistazo.engines.choice import Precision
from vistazo.engines.evidence import told_of_probe
from vistazo.engines.openvino_parts import Parts
from vistazo.engines.openvino_requests import Requests
from vistazo.engines.openvino_runtime import CPU, core, openvino, processor_has_bfloat16
from vistazo.errors import UnreadableModelError

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]

VERSION: str = openvino.get_version().split("-")[0]
_NAMES: dict[str, str] = {"float32": "f32", "bfloat16": "bf16"}


class OpenvinoEngine:
    """Runs a compiled model: the same file, and the same outputs, as ``OnnxEngine``.

    ``threads`` runs may go on at once, one core each. ``precision`` is that of the way to the
    scores; where the processor has no bfloat16 it is float32, and the log says so.
    """

    def __init__(self, path: Path, precision: Precision = "float32", threads: int = 1) -> None:
        self._requests: list[Requests] = []
        used = settled(precision)
        if precision not in ("auto", used):
            log.warning("the processor has no bfloat16: the model runs in float32")
        try:
            parts = Parts(path)
            self._scoring = self._compiled(parts.scoring(), used, threads)
            self._head, self._probe = parts.head(), parts.probe()
            self._has_features = parts.has_features
        except RuntimeError as error:
            raise UnreadableModelError(
                f"OpenVINO cannot load {path}; ENGINE=onnx may: {error}"
            ) from error
        of_file = parts.signature.precision
        shown = used if of_file == "float32" else of_file
        self.runtime = Runtime("openvino", VERSION, precision=shown)
        self.signature, self._told = parts.signature, told_of_probe(parts.metadata)

    def run(self, images: Floats) -> Outputs:
        """One by one: compiled for batches of any size, a model is up to a third slower."""
        found = self._scoring.run_each(image[np.newaxis] for image in images)
        tensors = [np.concatenate(each) for each in zip(*found, strict=True)]
        return outputs_of(tensors, has_features=self._has_features)

    @property
    def head(self) -> Head | None:
        return self._run_head if self._head is not None else None

    @property
    def probe(self) -> Probe | None:
        if self._probe is None or self._told is None:
            return None
        of = self.signature
        blank = np.zeros((1, of.height, of.width, of.channels), np.float32)
        [[_, _, mean, variance]] = self._probing.run_each([blank])
        return Probe(*self._told, mean, variance, self._measure)

    def interrupt(self) -> None:
        for requests in self._requests:
            requests.end()

    def close(self) -> None:
        """What was compiled goes with the engine."""

    def _run_head(self, features: Floats) -> Floats:
        [[logits]] = self._heading.run_each([features])
        return logits

    def _measure(self, images: Floats) -> tuple[Floats, Floats]:
        found = self._probing.run_each(image[np.newaxis] for image in images)
        means, variances, *_ = zip(*found, strict=True)
        return np.concatenate(means), np.concatenate(variances)

    @cached_property
    def _heading(self) -> Requests:
        """When it is asked first: most services never are."""
        return self._compiled(self._head)

    @cached_property
    def _probing(self) -> Requests:
        return self._compiled(self._probe)

    def _compiled(
        self, part: openvino.Model, precision: str = "float32", threads: int = 1
    ) -> Requests:
        options = {
            "INFERENCE_PRECISION_HINT": _NAMES[precision],  # by itself it takes bfloat16
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": threads,
            "ENABLE_CPU_PINNING": False,  # others work on these cores, too
        }
        requests = Requests(core().compile_model(part, CPU, options))
        self._requests.append(requests)
        return requests


def settled(asked: Precision) -> Literal["float32", "bfloat16"]:
    """What this processor runs in. It is asked in any case: that loads the library for it, too."""
    has_bfloat16 = processor_has_bfloat16()
    return "bfloat16" if has_bfloat16 and asked != "float32" else "float32"

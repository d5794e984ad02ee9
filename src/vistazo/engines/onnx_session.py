"""Where ONNX Runtime runs a model: on the CPU, or on a GPU with CUDA."""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import sys
from pathlib import Path

import onnxruntime

from vistazo.engines.choice import Device
from vistazo.errors import SettingsError, UnreadableModelError

__all__ = ["FATAL", "device_of", "onnxruntime", "open_session"]

log = logging.getLogger(__name__)

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_CUDA_OPTIONS = {
    "use_tf32": "0",  # rounds to ten bits: no answer would be within 1e-3 of the CPU's
    "cudnn_conv_algo_search": "HEURISTIC",  # else each new size of a batch tries all of them
}
_NOT_BUILT = (
    "This ONNX Runtime knows no CUDA. Install the one that does, in an environment of its own: "
    "pip install -r scripts/requirements/cuda.txt; for the container: docker build --build-arg "
    "DEVICE=cuda ."
)
_NOT_USABLE = (
    "CUDA cannot be used here ({}). It needs a GPU of NVIDIA with its driver (nvidia-smi shows "
    "both), in a container --gpus all, and the libraries of scripts/requirements/cuda.txt."
)
_ERROR, FATAL = 3, 4


def open_session(path: Path, device: Device = "cpu") -> onnxruntime.InferenceSession:
    """Load a compiled model. Raises UnreadableModelError, and SettingsError where the ``device`` is
    ``cuda`` and cannot be used; with ``auto`` the CPU is used then, and the log says why.
    """
    if device != "cpu":
        try:
            return _on_cuda(path)
        except SettingsError as error:
            if device == "cuda":
                raise
            log.warning("the model runs on the CPU", extra={"reason": str(error)})
    try:
        return onnxruntime.InferenceSession(str(path), _options(), providers=[_CPU])
    except Exception as error:  # the runtime's own errors share no base but Exception
        raise UnreadableModelError(f"ONNX Runtime cannot load {path}: {error}") from error


def device_of(session: onnxruntime.InferenceSession) -> str:
    return "cuda" if _CUDA in session.get_providers() else "cpu"


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = True  # else each run maps and unmaps its pages anew
    options.log_severity_level = _ERROR
    return options


def _on_cuda(path: Path) -> onnxruntime.InferenceSession:
    """Raises SettingsError. By itself the runtime would say nothing, and use the CPU."""
    if _CUDA not in onnxruntime.get_available_providers():
        raise SettingsError(_NOT_BUILT)
    if not _has_driver():  # before libraries of 2 GB are loaded
        raise SettingsError(_NOT_USABLE.format("there is no driver"))
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        onnxruntime.preload_dlls()
    onnxruntime.set_default_logger_severity(FATAL)  # what it says is said below
    try:
        session = onnxruntime.InferenceSession(
            str(path), _options(), providers=[(_CUDA, _CUDA_OPTIONS), _CPU], enable_fallback=0
        )
    except Exception as error:  # the runtime's own errors share no base but Exception
        raise SettingsError(_NOT_USABLE.format(error)) from error
    if device_of(session) != "cuda":
        [reason, *_] = said.getvalue().strip().splitlines() or ["the runtime does not say why"]
        raise SettingsError(_NOT_USABLE.format(reason))
    return session


def _has_driver() -> bool:
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True

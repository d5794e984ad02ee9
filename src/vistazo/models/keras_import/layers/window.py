"""The arithmetic of sliding windows: output sizes and TensorFlow's paddings."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class Window:
    """A window along one axis, laid over ``size`` pixels."""

    size: int
    kernel: int
    stride: int
    dilation: int = 1

    @property
    def reach(self) -> int:
        """Pixels from the window's first to its last element."""
        return (self.kernel - 1) * self.dilation + 1


@dataclass(frozen=True)
class Fit:
    """How a window fits: the output's size, and the padding before and after."""

    out: int
    before: int
    after: int


def fit(window: Window, padding: str) -> Fit | None:
    """None where the window finds no place.

    ``same`` pads so that out = ceil(size / stride), the odd pixel after
    (https://www.tensorflow.org/api_docs/python/tf/nn, "Notes on padding").
    """
    if min(window.kernel, window.stride, window.dilation) < 1:
        return None
    if padding == "same":
        out = ceil(window.size / window.stride)
        total = max(0, (out - 1) * window.stride + window.reach - window.size)
        return Fit(out, total // 2, total - total // 2)
    out = _steps(window, window.size)
    return Fit(out, 0, 0) if out > 0 else None


def fit_transposed(window: Window, padding: str, output_padding: int | None) -> Fit | None:
    """How the gradient of a convolution fits; ``before`` and ``after`` are cut from its output.

    Output size: ``compute_conv_transpose_output_shape`` (keras.src.backend.common). The cut is the
    padding of the forward convolution on that output.
    """
    if min(window.kernel, window.stride, window.dilation) < 1:
        return None
    full = (window.size - 1) * window.stride + window.reach
    if output_padding is None:
        same = window.size * window.stride
        out = same if padding == "same" else full + max(0, window.stride - window.reach)
    else:
        cut = 2 * (window.reach // 2) if padding == "same" else 0
        out = full - cut + output_padding
    reached = ceil(out / window.stride) if padding == "same" else _steps(window, out)
    if out < 1 or reached != window.size:
        return None  # TensorFlow refuses such an output padding as well
    total = max(0, full - out) if padding == "same" else 0
    before = total // 2
    return Fit(out, before, full - out - before)


def _steps(window: Window, size: int) -> int:
    return (size - window.reach) // window.stride + 1

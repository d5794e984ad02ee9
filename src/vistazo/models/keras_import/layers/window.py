"""The arithmetic of sliding windows: output sizes, TensorFlow's paddings and Theano's."""

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
    (https://www.tensorflow.org/api_docs/python/tf/nn, "Notes on padding"). ``half`` and
    ``pool_half`` are what Theano did for it: the same size, its windows begin elsewhere. ``full``,
    of Theano too, begins with the first window that touches the map.
    """
    if min(window.kernel, window.stride, window.dilation) < 1:
        return None
    if padding in _THEANO_BEFORE:
        return _fit_theano(window, _THEANO_BEFORE[padding](window))
    if padding == "full":
        border = window.reach - 1
        return Fit(_steps(window, window.size + 2 * border), border, border)
    if padding == "same":
        out = ceil(window.size / window.stride)
        total = max(0, (out - 1) * window.stride + window.reach - window.size)
        return Fit(out, total // 2, total - total // 2)
    out = _steps(window, window.size)
    return Fit(out, 0, 0) if out > 0 else None


def _half(window: Window) -> int:
    """``border_mode="half"`` of ``theano.tensor.nnet.conv2d``: half the window on either side."""
    return window.reach // 2


def _pool_half(window: Window) -> int:
    """``pool2d`` of Keras' Theano backend: one less than the window, or two where that is odd."""
    return window.kernel - (2 if window.kernel > 1 and window.kernel % 2 else 1)


_THEANO_BEFORE = {"half": _half, "pool_half": _pool_half}
PADDINGS = frozenset({"valid", "same", "full", *_THEANO_BEFORE})


def _fit_theano(window: Window, before: int) -> Fit:
    out = ceil(window.size / window.stride)
    after = (out - 1) * window.stride + window.reach - window.size - before
    return Fit(out, before, max(0, after))


def fit_transposed(
    window: Window, padding: str, output_padding: int | None, wanted: int | None = None
) -> Fit | None:
    """How the gradient of a convolution fits; ``before`` and ``after`` are cut from its output.

    Output size: ``compute_conv_transpose_output_shape`` (keras.src.backend.common). The cut is the
    padding of the forward convolution on that output. In Keras 1 one was told the size ``wanted``.
    """
    if min(window.kernel, window.stride, window.dilation) < 1:
        return None
    full = (window.size - 1) * window.stride + window.reach
    if wanted is not None:
        out = wanted
    elif output_padding is None:
        same = window.size * window.stride
        out = full + max(0, window.stride - window.reach) if padding == "valid" else same
    else:
        cut = 0 if padding == "valid" else 2 * (window.reach // 2)
        out = full - cut + output_padding
    reached = _steps(window, out) if padding == "valid" else ceil(out / window.stride)
    if out < 1 or reached != window.size:
        return None  # TensorFlow refuses such an output padding as well
    before = _half(window) if padding == "half" else max(0, full - out) // 2
    before = 0 if padding == "valid" else before
    return Fit(out, before, full - out - before)


def _steps(window: Window, size: int) -> int:
    return (size - window.reach) // window.stride + 1

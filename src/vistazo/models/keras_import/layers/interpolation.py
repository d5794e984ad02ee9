"""Resampling of one axis as a matrix: row ``i`` says what output ``i`` takes of every input.

For the methods of ``tf.image.resize`` that ONNX's Resize does not have, or has with other numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.models.keras_import.graph import Floats

Doubles = NDArray[np.float64]

# tensorflow/core/kernels/image/resize_bicubic_op.cc looks its weights up in a table of this size.
_TABLE_SIZE = 1024
_KEYS_A = -0.5
_EDGE = 1e-5


@dataclass(frozen=True)
class _Kernel:
    radius: float
    weigh: Callable[[Doubles], Doubles]


def can_resample(how: str) -> bool:
    """Whether there is a matrix for an interpolation of Keras."""
    return how in _KERNELS or how == "area"


def resampling_matrix(how: str, size: int, out: int, *, antialias: bool) -> Floats:
    """The (out, size) matrix of an interpolation."""
    if how == "area":
        return _area(size, out)
    if how == "bicubic" and not antialias:
        return _table_cubic(size, out)
    return _scaled_kernel(_KERNELS[how], size, out, antialias=antialias)


def _scaled_kernel(kernel: _Kernel, size: int, out: int, *, antialias: bool) -> Floats:
    """``ComputeSpans`` in tensorflow/core/kernels/image/scale_and_translate_op.cc."""
    scale = size / out
    stretch = max(scale, 1.0) if antialias else 1.0
    centres = (np.arange(out) + 0.5) * scale
    distance = (np.arange(size) + 0.5)[None, :] - centres[:, None]
    # Strictly inside: the Gaussian ends in a step, and TensorFlow counts its edge out.
    inside = np.abs(distance) < kernel.radius * stretch - _EDGE
    weights = np.where(inside, kernel.weigh(np.abs(distance) / stretch), 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)


def _table_cubic(size: int, out: int) -> Floats:
    """Keys' cubic, its weights rounded as TensorFlow's table does; none beyond the border."""
    place = (np.arange(out, dtype=np.float32) + np.float32(0.5)) * np.float32(size / out)
    place -= np.float32(0.5)
    first = np.floor(place)
    fraction = np.rint((place - first) * _TABLE_SIZE) / _TABLE_SIZE
    matrix = np.zeros((out, size))
    for step in (-1, 0, 1, 2):
        column = first.astype(np.int64) + step
        valid = (column >= 0) & (column < size)
        rows = np.nonzero(valid)[0]
        matrix[rows, column[valid]] = _keys_cubic(np.abs(fraction - step))[valid]
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True), dtype=np.float32)


def _area(size: int, out: int) -> Floats:
    """The mean over the stretch of input that an output covers (resize_area_op.cc)."""
    edges = np.arange(out + 1) * (size / out)
    cells = np.arange(size)[None, :]
    overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    return np.asarray(np.clip(overlap, 0, None) * (out / size), dtype=np.float32)


def _triangle(x: Doubles) -> Doubles:
    return np.maximum(0.0, 1.0 - x)


def _keys_cubic(x: Doubles) -> Doubles:
    a = _KEYS_A
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def _mitchell_cubic(x: Doubles) -> Doubles:
    near = ((7.0 * x - 12.0) * x * x + 16.0 / 3.0) / 6.0
    far = (((-7.0 / 3.0) * x + 12.0) * x - 20.0) * x + 32.0 / 3.0
    return np.where(x < 1, near, np.where(x < 2, far / 6.0, 0.0))


def _gaussian(x: Doubles) -> Doubles:
    return np.asarray(np.exp(-(x**2) / (2 * 0.5**2)))


def _lanczos(radius: int) -> Callable[[Doubles], Doubles]:
    return lambda x: np.where(x <= radius, np.sinc(x) * np.sinc(x / radius), 0.0)


_KERNELS: Mapping[str, _Kernel] = {
    "bilinear": _Kernel(1.0, _triangle),
    "bicubic": _Kernel(2.0, _keys_cubic),
    "mitchellcubic": _Kernel(2.0, _mitchell_cubic),
    "gaussian": _Kernel(1.5, _gaussian),
    "lanczos3": _Kernel(3.0, _lanczos(3)),
    "lanczos5": _Kernel(5.0, _lanczos(5)),
}

"""Resampling that looks at a few pixels only, however much smaller the picture becomes.

Most training pipelines do that, by default: Keras and TensorFlow, OpenCV. Fine detail aliases, and
a model has learned to see it so. Only the rows and columns that are needed leave the picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vistazo.pictures.picture import STRIP_PIXELS, Picture, Pixels

Floats = NDArray[np.float32]
Box = tuple[float, float, float, float]
SparseFilter = Literal["nearest", "bilinear", "bicubic"]

_REACH = {"nearest": 1, "bilinear": 2, "bicubic": 4}
_KEYS_A = -0.5


@dataclass(frozen=True, eq=False)
class Taps:
    """Along one axis: the pixels (reach, n) that each of n results is made of, and their share."""

    pixels: NDArray[np.int64]
    shares: Floats

    @staticmethod
    def nearest(start: float, end: float, count: int) -> Taps:
        """As Pillow (``Geometry.c``), which adds up step by step: so do ties fall where its do."""
        step = (end - start) / count
        places = np.cumsum([start + step * 0.5, *[step] * (count - 1)])
        pixels = np.minimum(places.astype(np.int64), max(int(end) - 1, int(start)))
        return Taps(pixels[np.newaxis], np.ones((1, count), np.float32))

    @staticmethod
    def smooth(start: float, end: float, count: int, reach: int) -> Taps:
        """Two neighbours or four, about half-pixel centres. Beyond the edges there is nothing."""
        places = (np.arange(count) + 0.5) * ((end - start) / count) + start - 0.5
        first = np.floor(places).astype(np.int64) - (reach // 2 - 1)
        pixels = first + np.arange(reach)[:, np.newaxis]
        weigh = _triangle if reach == _REACH["bilinear"] else _keys_cubic
        shares = weigh(np.abs(places - pixels))
        shares[(pixels < int(start)) | (pixels >= int(end))] = 0
        shares /= shares.sum(axis=0)
        return Taps(np.clip(pixels, int(start), int(end) - 1), shares.astype(np.float32))


def _triangle(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(1 - distance, 0)


def _keys_cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys 1981, Cubic Convolution Interpolation; with a = -0.5, as in TensorFlow and Pillow."""
    a, x = _KEYS_A, distance
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0))


@dataclass(frozen=True, eq=False)
class Sampling:
    """How a part of a picture becomes ``height`` x ``width`` pixels."""

    rows: Taps
    columns: Taps

    @staticmethod
    def of(box: Box, height: int, width: int, how: SparseFilter) -> Sampling:
        """``box``: left, top, right and bottom of the part, whole pixels."""
        left, top, right, bottom = box
        if how == "nearest":
            return Sampling(Taps.nearest(top, bottom, height), Taps.nearest(left, right, width))
        reach = _REACH[how]
        rows = Taps.smooth(top, bottom, height, reach)
        return Sampling(rows, Taps.smooth(left, right, width, reach))

    def gather(self, picture: Picture) -> Pixels:
        """Take only the pixels that matter: a small copy."""
        rows, columns = self.rows.pixels.ravel(), self.columns.pixels.ravel()
        needed = np.unique(rows)
        most = max(1, STRIP_PIXELS // picture.width)
        first = picture.rows(0, 1)
        taken = np.empty((len(needed), len(columns), *first.shape[2:]), first.dtype)
        at = 0
        for top, bottom in _runs(needed, most):
            taken[at : at + bottom - top] = picture.rows(top, bottom)[:, columns]
            at += bottom - top
        return taken[np.searchsorted(needed, rows)]

    def blend(self, gathered: Pixels) -> Floats:
        """Float32 (height, width, ...) of what ``gather`` took."""
        across = _blended(gathered, self.rows.shares, axis=0)
        return _blended(across, self.columns.shares, axis=1)


def _runs(numbers: NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    """Rising numbers as stretches without a gap, each of at most so many: first, and last + 1."""
    for run in np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1):
        first, end = int(run[0]), int(run[-1]) + 1
        for start in range(first, end, most):
            yield start, min(start + most, end)


def _blended(pixels: Pixels, shares: Floats, axis: int) -> Floats:
    """The weighted sum of the ``reach`` blocks that lie one after the other along an axis."""
    shape = [1] * pixels.ndim
    shape[axis] = -1
    blocks = np.split(pixels, len(shares), axis=axis)
    total = blocks[0] * shares[0].reshape(shape)
    for block, share in zip(blocks[1:], shares[1:], strict=True):
        total += block * share.reshape(shape)
    return np.asarray(total, dtype=np.float32)

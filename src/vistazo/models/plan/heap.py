"""The nearest of points that come one after the other, as scikit-learn's heaps keep them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class NearestHeap:
    """A heap of the ``size`` least values, the largest on top: one that is not below it does not
    come in, so that of equal ones it depends on the heap which stay.
    """

    def __init__(self, size: int) -> None:
        self._values = [float("inf")] * size
        self.points = [-1] * size

    @property
    def largest(self) -> float:
        return self._values[0]

    def push(self, value: float, point: int) -> None:
        if value >= self._values[0]:
            return
        values, points, at = self._values, self.points, 0
        while (below := self._larger_below(at)) is not None and value < values[below]:
            values[at], points[at] = values[below], points[below]
            at = below
        values[at], points[at] = value, point

    def _larger_below(self, at: int) -> int | None:
        left, right, values = 2 * at + 1, 2 * at + 2, self._values
        if left >= len(values):
            return None
        if right >= len(values) or values[left] >= values[right]:
            return left
        return right

    def push_all(self, values: NDArray[np.float64], points: NDArray[np.int64]) -> None:
        for place in np.flatnonzero(values < self.largest):
            self.push(float(values[place]), int(points[place]))


def nearest_in(
    away: NDArray[np.float64], order: NDArray[np.int64], n_nearest: int
) -> NDArray[np.int64]:
    """The points that a heap keeps of all, met in this order."""
    heap = NearestHeap(n_nearest)
    for start in range(0, len(order), 256):
        points = order[start : start + 256]
        heap.push_all(away[points], points)
    return np.array(heap.points, dtype=np.int64)

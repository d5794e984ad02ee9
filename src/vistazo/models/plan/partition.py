"""Which of equal values a partition by NumPy leaves among the least: as before its version 1.25."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FEW = 3


def least_of(values: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """The places of the ``count`` least values: what ``numpy.argpartition`` puts before the rest.

    Introselect with the median of three (Musser 1997). Where that finds bad pivots only, the first
    of equal ones are taken.
    """
    partition = _Partition(values.tolist())
    if not partition.up_to(count - 1):
        return np.argsort(values, kind="stable")[:count]
    return np.array(partition.order[:count], dtype=np.int64)


class _Partition:
    def __init__(self, values: list[float]) -> None:
        self._values = values
        self.order = list(range(len(values)))

    def up_to(self, last: int) -> bool:
        """Whether it came to an end in about the time that it takes to look at all."""
        end = len(self.order) - 1
        if last < _FEW:
            self._select(last)
        elif last == end:
            self._swap(end, max(range(end + 1), key=lambda place: (self._values[place], place)))
        else:
            return self._narrowed(last, 0, end)
        return True

    def _narrowed(self, last: int, low: int, high: int) -> bool:
        for _ in range(2 * len(self.order).bit_length()):
            if low + 1 >= high:
                break
            left, right = self._parted(low, high)
            if right >= last:
                high = right - 1
            if right <= last:
                low = left
        if high == low + 1 and self._at(high) < self._at(low):
            self._swap(high, low)
        return low + 1 >= high

    def _select(self, last: int) -> None:
        """The least comes first, then the least of the others."""
        for place in range(last + 1):
            rest = range(place, len(self.order))
            self._swap(place, min(rest, key=self._at))

    def _parted(self, low: int, high: int) -> tuple[int, int]:
        self._median_first(low, low + (high - low) // 2, high)
        pivot, left, right = self._at(low), low + 1, high
        while True:
            left += 1
            while self._at(left) < pivot:
                left += 1
            right -= 1
            while pivot < self._at(right):
                right -= 1
            if right < left:
                break
            self._swap(left, right)
        self._swap(low, right)
        return left, right

    def _median_first(self, low: int, middle: int, high: int) -> None:
        if self._at(high) < self._at(middle):
            self._swap(high, middle)
        if self._at(high) < self._at(low):
            self._swap(high, low)
        if self._at(low) < self._at(middle):
            self._swap(low, middle)
        self._swap(middle, low + 1)

    def _at(self, place: int) -> float:
        return self._values[self.order[place]]

    def _swap(self, one: int, other: int) -> None:
        order = self.order
        order[one], order[other] = order[other], order[one]

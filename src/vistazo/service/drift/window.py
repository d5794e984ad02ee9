"""The last answers, as the bins that their quantities fell into: no picture, no text, no name."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

NOT_MEASURED = 255  # a reference has fewer bins


class PlacedAnswer(NamedTuple):
    """The place of its class among the labels, and a byte for each quantity: the place of its bin,
    or ``NOT_MEASURED``.
    """

    label: int
    bins: bytes


class Window:
    """Counts of the last ``size`` answers: by label, and of each quantity by the bins between its
    ``edges``. A byte is held for each quantity of an answer, so that its counts can leave again.
    """

    def __init__(self, size: int, n_labels: int, edges: Mapping[str, Sequence[float]]) -> None:
        self.total = 0  # answers since the beginning
        self.labels = [0] * n_labels
        self.bins = {name: [0] * (len(between) + 1) for name, between in edges.items()}
        self.own_bins = {name: list(counts) for name, counts in self.bins.items()}
        self.edges = edges
        self.size = size
        self._last: deque[PlacedAnswer] = deque()

    def __len__(self) -> int:
        return len(self._last)

    def placed(self, label: int, quantities: Mapping[str, float]) -> PlacedAnswer:
        """Where it belongs: the place of its class among the labels, and what was measured."""
        places = bytes(self._place(name, quantities.get(name)) for name in self.bins)
        return PlacedAnswer(label, places)

    def add(self, answer: PlacedAnswer, *, is_own: bool = True) -> None:
        """``own_bins`` count all that are this instance's own, since the beginning."""
        if len(self._last) == self.size:
            gone = self._last.popleft()
            self.labels[gone.label] -= 1
            _count(self.bins, gone, -1)
        self.total += 1
        self._last.append(answer)
        self.labels[answer.label] += 1
        _count(self.bins, answer, 1)
        if is_own:
            _count(self.own_bins, answer, 1)

    def _place(self, name: str, value: float | None) -> int:
        return NOT_MEASURED if value is None else bisect_right(self.edges[name], value)


def _count(bins: Mapping[str, list[int]], answer: PlacedAnswer, change: int) -> None:
    for counts, place in zip(bins.values(), answer.bins, strict=True):
        if place != NOT_MEASURED:
            counts[place] += change

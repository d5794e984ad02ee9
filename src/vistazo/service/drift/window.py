"""The last answers, as the bins that their quantities fell into: no picture, no text, no name."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence

_NOT_MEASURED = 255  # a reference has fewer bins


class Window:
    """Counts of the last ``size`` answers: by label, and of each quantity by the bins between its
    ``edges``. A byte is held for each quantity of an answer, so that its counts can leave again.
    """

    def __init__(self, size: int, n_labels: int, edges: Mapping[str, Sequence[float]]) -> None:
        self.total = 0  # answers since the beginning
        self.labels = [0] * n_labels
        self.bins = {name: [0] * (len(between) + 1) for name, between in edges.items()}
        self.all_bins = {name: list(counts) for name, counts in self.bins.items()}
        self._edges = edges
        self._size = size
        self._last: deque[tuple[int, bytes]] = deque()

    def __len__(self) -> int:
        return len(self._last)

    def add(self, label: int, quantities: Mapping[str, float]) -> None:
        """An answer: the place of its class among the labels, and what was measured."""
        if len(self._last) == self._size:
            self._drop(*self._last.popleft())
        self.total += 1
        self.labels[label] += 1
        places = bytes(self._count(name, quantities.get(name)) for name in self.bins)
        self._last.append((label, places))

    def _count(self, name: str, value: float | None) -> int:
        if value is None:
            return _NOT_MEASURED
        place = bisect_right(self._edges[name], value)
        self.bins[name][place] += 1
        self.all_bins[name][place] += 1
        return place

    def _drop(self, label: int, places: bytes) -> None:
        self.labels[label] -= 1
        for counts, place in zip(self.bins.values(), places, strict=True):
            if place != _NOT_MEASURED:
                counts[place] -= 1

"""The tree in which scikit-learn looks for neighbours: it says which of equally far ones it finds.

Which points are nearest needs no tree here: all distances are known. But of points as far away as
the last of the nearest, a search keeps those that it meets first, and it meets them in the order in
which it walks through its tree (Omohundro 1989; sklearn.neighbors, depth first).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.distances import DensePoints
from vistazo.models.plan.heap import NearestHeap
from vistazo.models.plan.matrix import Dense
from vistazo.models.plan.operation import operation


class Bounds(Protocol):
    """What each node of a tree is surrounded by."""

    def least(self, row: NDArray[np.float64], /) -> NDArray[np.float64]:
        """How far away (nodes,) a node's points are at least, as ``Points.away`` has it."""
        ...


@operation
@dataclass(frozen=True, eq=False)
class Boxes:
    """Of a k-d tree: ``lower`` and ``upper`` (nodes, f); ``power`` is infinite for chebyshev."""

    lower: Dense
    upper: Dense
    power: float

    def least(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        least = np.zeros(len(self.lower))
        for below, above, number in zip(self.lower.T, self.upper.T, row, strict=True):
            low, high = below - number, number - above
            apart = 0.5 * ((low + np.abs(low)) + (high + np.abs(high)))
            if np.isinf(self.power):
                np.maximum(least, apart, out=least)
            else:
                least += apart**self.power
        return least


@operation
@dataclass(frozen=True, eq=False)
class Balls:
    """Of a ball tree: ``radii`` (nodes,) around ``centres``."""

    centres: DensePoints
    radii: NDArray[np.float64]

    def least(self, row: NDArray[np.float64]) -> NDArray[np.float64]:
        away = next(self.centres.away(row[None]))[0]
        return self.centres.unrooted(np.maximum(self.centres.rooted(away) - self.radii, 0))


@operation
@dataclass(frozen=True, eq=False)
class Space:
    """Node i has the points ``order[begins[i]:ends[i]]``, and the nodes 2 i + 1 and 2 i + 2 below
    it, where it is no leaf.
    """

    order: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    is_leaf: NDArray[np.bool_]
    bounds: Bounds

    def nearest(
        self, row: NDArray[np.float64], away: NDArray[np.float64], n_nearest: int
    ) -> NDArray[np.int64]:
        """The points that a search for the nearest of a row (f,) finds, which are ``away``."""
        least = self.bounds.least(row)
        heap = NearestHeap(n_nearest)
        ahead = [0]
        while ahead:
            node = ahead.pop()
            if least[node] > heap.largest:
                continue
            if self.is_leaf[node]:
                points = self.order[self.begins[node] : self.ends[node]]
                heap.push_all(away[points], points)
                continue
            left, right = 2 * node + 1, 2 * node + 2
            # What is nearer is met first: it is put on top.
            ahead += [right, left] if least[left] <= least[right] else [left, right]
        return np.array(heap.points, dtype=np.int64)

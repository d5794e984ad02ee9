"""The classes of the nearest of the samples of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.distances import Points
from vistazo.models.plan.heap import nearest_in
from vistazo.models.plan.matrix import Dense, Matrix
from vistazo.models.plan.operation import Decisions, operation
from vistazo.models.plan.partition import least_of
from vistazo.models.plan.space import Space

Ties = Literal["heap", "partition"]
# Of more points, those that are equally far are told apart in a simpler way: it would take long.
_MOST_PARTITIONED, _MOST_MET = 10_000, 100_000


@operation
@dataclass(frozen=True, eq=False)
class Nearest:
    """The classes of the ``n_nearest`` points, ``classes`` (points,) being places, each counted
    once or, ``by_distance``, by 1 / distance: where some are not away at all, these alone.

    ``space`` is the tree in which they were looked for, where they were: it says which of equally
    far ones are found. Else ``ties`` says it: by a heap, or as NumPy's partition leaves them.
    """

    points: Points
    classes: NDArray[np.int64]
    n_classes: int
    n_nearest: int
    by_distance: bool
    ties: Ties
    space: Space | None

    def decide(self, values: Matrix) -> Decisions:
        row, parts = 0, [np.empty((0, self.n_classes))]
        for away in self.points.away(values):
            found = self._found(away, values, row)
            parts.append(_shares(self, away, found))
            row += len(away)
        chances = np.concatenate(parts)
        return Decisions(chances.argmax(axis=1), chances)

    def _found(self, away: Dense, values: Matrix, begin: int) -> NDArray[np.bool_]:
        """Which points are among the nearest (n, points)."""
        last = np.partition(away, self.n_nearest - 1, axis=1)[:, self.n_nearest - 1]
        found = away <= last[:, None]
        for row in np.flatnonzero(found.sum(axis=1) > self.n_nearest):
            found[row] = False
            found[row, self._of_equals(away[row], values, begin + int(row))] = True
        return found

    def _of_equals(self, away: Dense, values: Matrix, row: int) -> NDArray[np.int64]:
        if self.space is not None and isinstance(values, np.ndarray):
            return self.space.nearest(values[row], away, self.n_nearest)
        if self.ties == "partition" and len(away) <= _MOST_PARTITIONED:
            return least_of(away, self.n_nearest)
        order = np.arange(len(away))
        if len(away) > _MOST_MET:
            order = np.flatnonzero(
                away <= np.partition(away, self.n_nearest - 1)[self.n_nearest - 1]
            )
        return nearest_in(away, order, self.n_nearest)


@operation
@dataclass(frozen=True, eq=False)
class Within:
    """The same of all points not farther than ``radius``; ``outlier`` is the place of the class of
    a row that has none.
    """

    points: Points
    classes: NDArray[np.int64]
    n_classes: int
    radius: float
    by_distance: bool
    outlier: int

    def decide(self, values: Matrix) -> Decisions:
        parts = [np.empty((0, self.n_classes))]
        for away in self.points.away(values):
            found = away <= self.points.unrooted(np.array(self.radius))
            parts.append(_shares(self, away, found))
            none = ~found.any(axis=1)
            if none.any():
                parts[-1][none] = np.eye(self.n_classes)[self.outlier]
        chances = np.concatenate(parts)
        return Decisions(chances.argmax(axis=1), chances)


def _shares(of: Nearest | Within, away: Dense, found: NDArray[np.bool_]) -> Dense:
    """Of the classes among the points that were found."""
    rows, points = np.nonzero(found)
    near = np.asarray(away[rows, points], dtype=np.float64)
    distances = of.points.rooted(near) if of.by_distance else None
    places = rows * of.n_classes + of.classes[points]
    return shares(places, distances, len(away), of.n_classes)


def shares(
    places: NDArray[np.int64], distances: NDArray[np.float64] | None, n_rows: int, n_classes: int
) -> Dense:
    """Of the classes (n_rows, n_classes) among neighbours, whose ``places`` are row * n_classes +
    class: they count one each, or 1 / distance; where some are not away at all, these alone.
    """
    counts = np.ones(len(places))
    if distances is not None:
        with np.errstate(divide="ignore", over="ignore"):
            counts = 1 / distances
        is_here = np.isinf(counts)
        rows = places // n_classes
        counts = np.where(np.isin(rows, rows[is_here]), is_here, counts)
    sums = np.bincount(places, weights=counts, minlength=n_rows * n_classes)
    sums = sums.reshape(n_rows, n_classes)
    whole = sums.sum(axis=1, keepdims=True)
    return np.asarray(sums / np.where(whole == 0, 1, whole), dtype=np.float64)

"""Categories, told by numbers, become their places among those of training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import Dense, Matrix, in_dense_parts
from vistazo.models.plan.operation import Decider, Decisions, operation


@operation
@dataclass(frozen=True, eq=False)
class CategoryPlaces:
    """The columns in this ``order``; in the first of them, one for each of ``categories``, which
    rise, each number becomes its place among these, or is missing (NaN) where it is not there.
    """

    order: NDArray[np.int64]
    categories: tuple[NDArray[np.float64], ...]
    decider: Decider

    @property
    def n_classes(self) -> int:
        return self.decider.n_classes

    def decide(self, values: Matrix) -> Decisions:
        """Its estimator takes dense rows only: they are few columns."""
        parts = [np.empty((0, len(self.order))), *map(self._placed, in_dense_parts(values))]
        return self.decider.decide(np.concatenate(parts))

    def _placed(self, rows: Dense) -> Dense:
        placed = rows[:, self.order]
        for column, known in enumerate(self.categories):
            placed[:, column] = _places(placed[:, column], known)
        return placed


def _places(found: Dense, known: NDArray[np.float64]) -> Dense:
    place = np.searchsorted(known, found)
    near = np.concatenate([known, [np.nan]])[np.minimum(place, len(known))]
    return np.where(near == found, place, np.nan)

"""Rows as fewer numbers: sums of weighted columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import Dense, Matrix, SparseRows, Values, as_matrix, times
from vistazo.models.plan.operation import operation


@operation
@dataclass(frozen=True, eq=False)
class Project:
    """``(rows - mean) @ weights``: mean (f,) or None, weights (f, k)."""

    mean: NDArray[np.float64] | None
    weights: Dense

    def apply(self, values: Values) -> Matrix:
        rows = as_matrix(values)
        if self.mean is None:
            return times(rows, self.weights)
        if isinstance(rows, SparseRows):
            return np.asarray(times(rows, self.weights) - self.mean @ self.weights)
        return np.asarray((rows - self.mean) @ self.weights)

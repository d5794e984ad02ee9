"""Numbers as the share of training that was below them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import Dense, Matrix, SparseRows, Values, as_matrix, check_width
from vistazo.models.plan.operation import operation

_EDGE = 1e-7


@operation
@dataclass(frozen=True, eq=False)
class Quantiles:
    """``shares`` (q,) for the ``quantiles`` (q, f) of each column, in between on a line: the mean
    of the first and the last of equal ones. ``normal``: what a normal distribution has there. What
    sparse rows do not keep stays 0.
    """

    quantiles: Dense
    shares: NDArray[np.float64]
    normal: bool

    def apply(self, values: Values) -> Matrix:
        rows = as_matrix(values)
        check_width(rows, self.quantiles.shape[1])
        if isinstance(rows, SparseRows):
            return rows.with_values(self._of_sparse(rows))
        columns = [
            self._of(numbers, known)
            for numbers, known in zip(rows.T, self.quantiles.T, strict=True)
        ]
        return np.stack(columns, axis=1)

    def _of_sparse(self, rows: SparseRows) -> Dense:
        order = np.argsort(rows.columns, kind="stable")
        columns, firsts = np.unique(rows.columns[order], return_index=True)
        found = np.empty(len(rows.values))
        for column, places in zip(columns, np.split(order, firsts[1:]), strict=False):
            found[places] = self._of(rows.values[places], self.quantiles[:, column])
        return found

    def _of(self, numbers: Dense, known: Dense) -> Dense:
        rising = np.interp(numbers, known, self.shares)
        falling = np.interp(-numbers, -known[::-1], -self.shares[::-1])
        found = np.asarray(0.5 * (rising - falling))
        margin = _EDGE if self.normal else 0.0
        found[numbers + margin > known[-1]] = 1
        found[numbers - margin < known[0]] = 0
        found[(numbers == known[-1]) & (not self.normal)] = 1
        found[(numbers == known[0]) & (not self.normal)] = 0
        found[np.isnan(numbers)] = np.nan
        return _of_normal(found) if self.normal else found


def _of_normal(shares: Dense) -> Dense:
    """Kept from what is infinite."""
    least = _EDGE - np.spacing(1)
    inverse = NormalDist().inv_cdf
    kept = np.clip(shares, least, 1 - least)
    return np.array([each if np.isnan(each) else inverse(each) for each in kept.tolist()])

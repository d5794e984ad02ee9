"""Some of the columns, and products of columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import (
    Matrix,
    SparseRows,
    Values,
    as_matrix,
    check_width,
    made_dense,
)
from vistazo.models.plan.operation import operation


@operation
@dataclass(frozen=True, eq=False)
class Columns:
    """The columns ``kept``, which rise, of ``n_columns``."""

    kept: NDArray[np.int64]
    n_columns: int

    def apply(self, values: Values) -> Matrix:
        rows = as_matrix(values)
        check_width(rows, self.n_columns)
        return self._of_sparse(rows) if isinstance(rows, SparseRows) else rows[:, self.kept]

    def _of_sparse(self, rows: SparseRows) -> SparseRows:
        """Places among ``kept`` by bisection: there may be many more columns than numbers."""
        places = np.searchsorted(self.kept, rows.columns)
        stays = np.zeros(len(places), dtype=bool)
        inside = places < len(self.kept)
        stays[inside] = self.kept[places[inside]] == rows.columns[inside]
        before = np.concatenate([[0], np.cumsum(stays)])
        return SparseRows(before[rows.starts], places[stays], rows.values[stays], len(self.kept))


@operation
@dataclass(frozen=True, eq=False)
class Products:
    """Each new column is a product of columns: ``factors`` (new, degree) are their places, that of
    a column of ones behind the last filling up the shorter ones.
    """

    factors: NDArray[np.int64]

    def apply(self, values: Values) -> Matrix:
        rows = made_dense(as_matrix(values))
        wider = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
        found = np.ones((len(rows), len(self.factors)))
        for places in self.factors.T:
            found *= wider[:, places]
        return found


@operation
@dataclass(frozen=True, eq=False)
class Bins:
    """The place of each number among a column's ``edges``: of column j those from ``starts[j]`` to
    ``starts[j + 1]``, above as many as it is at least. ``nudge`` is added first, as a share of the
    number and 1e-8. ``one_hot``: a column for each bin instead of one with its place.
    """

    edges: NDArray[np.float64]
    starts: NDArray[np.int64]
    nudge: float
    one_hot: bool

    def apply(self, values: Values) -> Matrix:
        rows = made_dense(as_matrix(values))
        if self.nudge:
            rows = rows + (1e-8 + self.nudge * np.abs(rows))
        places = np.stack(
            [
                np.searchsorted(self.edges[start:end], column, side="right")
                for column, start, end in zip(
                    rows.T, self.starts[:-1], self.starts[1:], strict=True
                )
            ],
            axis=1,
        )
        return self._marked(places) if self.one_hot else places.astype(np.float64)

    def _marked(self, places: NDArray[np.int64]) -> SparseRows:
        sizes = np.diff(self.starts) + 1
        n, f = places.shape
        columns = places + np.concatenate([[0], np.cumsum(sizes)[:-1]])
        starts = np.arange(n + 1, dtype=np.int64) * f
        return SparseRows(starts, columns.ravel(), np.ones(n * f), int(sizes.sum()))

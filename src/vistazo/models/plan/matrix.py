"""Rows of numbers: dense, or sparse where most are zero, as counts of words are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import UnsupportedModelError

Dense = NDArray[np.float64]
_MOST_DENSE = 1 << 23  # 64 MiB


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Rows (n, ``n_columns``) of which only some numbers are kept: compressed sparse rows.

    Row i has ``values[a:b]`` in the columns ``columns[a:b]``, for a, b = starts[i], starts[i + 1].
    These rise, and are all different.
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: NDArray[np.float64]
    n_columns: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def row_of_each(self) -> NDArray[np.int64]:
        """The row of each number that is kept."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.starts))

    def rows(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Columns and values of each row."""
        for start, end in zip(self.starts[:-1], self.starts[1:], strict=True):
            yield self.columns[start:end], self.values[start:end]

    def with_values(self, values: NDArray[np.float64]) -> SparseRows:
        """Other numbers in the same places."""
        return SparseRows(self.starts, self.columns, values, self.n_columns)

    def dense(self) -> Dense:
        """All numbers (n, n_columns): only where there are few rows at a time."""
        whole = np.zeros((len(self), self.n_columns))
        whole[self.row_of_each, self.columns] = self.values
        return whole


Matrix = Dense | SparseRows
# What a plan begins with: texts, or rows of numbers.
Values = Sequence[str] | Matrix


def as_matrix(values: Values) -> Matrix:
    """Rows of numbers. Raises TypeError for texts, which a vectorizer has to be given first."""
    if isinstance(values, (np.ndarray, SparseRows)):
        return values
    raise TypeError("texts where rows of numbers belong")


def check_width(rows: Matrix, width: int) -> None:
    """Raises ValueError where the rows have another number of columns: whatever is in them, so that
    a plan whose steps do not fit is found out before it is used.
    """
    found = rows.n_columns if isinstance(rows, SparseRows) else rows.shape[1]
    if found != width:
        raise ValueError(f"{width} numbers are needed and {found} are given")


def times(rows: Matrix, weights: Dense) -> Dense:
    """The matrix product of rows (n, f) and weights (f, k): (n, k)."""
    check_width(rows, len(weights))
    if isinstance(rows, SparseRows):
        products = [values @ weights[columns] for columns, values in rows.rows()]
        return np.array(products).reshape(len(rows), weights.shape[1])
    return np.asarray(rows @ weights)


def in_dense_parts(rows: Matrix, most_numbers: int = 1_000_000) -> Iterator[Dense]:
    """The rows in order, dense, a part of them at a time: for what cannot work on sparse ones."""
    width = rows.n_columns if isinstance(rows, SparseRows) else rows.shape[1]
    step = max(1, most_numbers // max(1, width))
    for start in range(0, len(rows), step):
        yield _part(rows, start, min(start + step, len(rows)))


def _part(rows: Matrix, start: int, end: int) -> Dense:
    if not isinstance(rows, SparseRows):
        return rows[start:end]
    first, last = rows.starts[start], rows.starts[end]
    starts = rows.starts[start : end + 1] - first
    return SparseRows(
        starts, rows.columns[first:last], rows.values[first:last], rows.n_columns
    ).dense()


def made_dense(rows: Matrix) -> Dense:
    """All numbers (n, f), for what is dense by its nature. Raises UnsupportedModelError where they
    would be too many for this machine to hold.
    """
    if not isinstance(rows, SparseRows):
        return rows
    if len(rows) * rows.n_columns > _MOST_DENSE:
        raise UnsupportedModelError(
            f"{len(rows)} rows of {rows.n_columns} columns have to be kept whole, which is too "
            "much. Give fewer at a time."
        )
    return rows.dense()

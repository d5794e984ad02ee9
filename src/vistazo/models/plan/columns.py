"""Columns that are treated each in its own way: some by one transform, some marked by category."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import InputError
from vistazo.models.plan.composition import Chain, side_by_side
from vistazo.models.plan.matrix import (
    Dense,
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
class ColumnParts:
    """Each part is given the columns at its places of ``chosen``, of ``n_columns``; what they make
    stands side by side, each times its weight. No part leaves the rows without a column.
    """

    chosen: tuple[NDArray[np.int64], ...]
    transforms: tuple[Chain, ...]
    weights: tuple[float, ...]
    n_columns: int

    def apply(self, values: Values) -> Matrix:
        rows = made_dense(as_matrix(values))
        check_width(rows, self.n_columns)
        if not self.chosen:
            return np.empty((len(rows), 0))
        parts = [
            transform.apply(rows[:, places])
            for places, transform in zip(self.chosen, self.transforms, strict=True)
        ]
        return side_by_side(parts, self.weights)


@operation
@dataclass(frozen=True, eq=False)
class CategoryNumbers:
    """Each number of column j becomes that of ``numbers[j]`` which stands where ``categories[j]``
    has it: these rise, NaN being the last. What is not there becomes ``unknown[j]``, and is an
    error of the sample where that is None.
    """

    categories: tuple[NDArray[np.float64], ...]
    numbers: tuple[NDArray[np.float64], ...]
    unknown: tuple[float | None, ...]

    def apply(self, values: Values) -> Dense:
        rows = made_dense(as_matrix(values))
        check_width(rows, len(self.categories))
        found = np.empty(rows.shape)
        for column in range(rows.shape[1]):
            found[:, column] = self._numbers(rows[:, column], column)
        return found

    def _numbers(self, found: Dense, column: int) -> Dense:
        known = self.categories[column]
        places = np.minimum(np.searchsorted(known, found), len(known) - 1)
        near = known[places]
        is_known = (near == found) | (np.isnan(near) & np.isnan(found))
        instead = self.unknown[column]
        if instead is not None:
            return np.where(is_known, self.numbers[column][places], instead)
        if not is_known.all():
            raise InputError(
                f"Column {column + 1} holds a category that the model was not trained on: give one "
                f"of {', '.join(f'{each:g}' for each in known[:10])}{' ...' * (len(known) > 10)}."
            )
        return self.numbers[column][places]


@operation
@dataclass(frozen=True, eq=False)
class Marked:
    """Ones in the columns, of ``n_columns``, that ``places`` makes of each row; below 0: none."""

    places: CategoryNumbers
    n_columns: int

    def apply(self, values: Values) -> SparseRows:
        columns = self.places.apply(values).astype(np.int64)
        is_marked = columns >= 0
        starts = np.concatenate([[0], np.cumsum(is_marked.sum(axis=1))]).astype(np.int64)
        kept = columns[is_marked]
        return SparseRows(starts, kept, np.ones(len(kept)), self.n_columns)

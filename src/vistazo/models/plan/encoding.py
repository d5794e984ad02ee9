"""Categories that are written as numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import InputError
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
class Taken:
    """The columns ``places``, in their order, of ``n_columns``."""

    places: NDArray[np.int64]
    n_columns: int

    def apply(self, values: Values) -> Matrix:
        rows = as_matrix(values)
        check_width(rows, self.n_columns)
        return made_dense(rows)[:, self.places]


@operation
@dataclass(frozen=True, eq=False)
class Encode:
    """Each number as the one that stands for it: ``codes[i]`` for ``known[i]``, where i is from
    ``starts[j]`` to ``starts[j + 1]`` for column j, ``known`` rising there (NaN last).

    With a ``width`` the codes are columns of 0, in which a 1 is set; those of -1 are left out.
    What is not known in column j is ``unknown[j]``; where that is None, InputError is raised.
    """

    known: NDArray[np.float64]
    codes: NDArray[np.float64]
    starts: NDArray[np.int64]
    unknown: tuple[float | None, ...]
    width: int | None

    def apply(self, values: Values) -> Matrix:
        rows = made_dense(as_matrix(values))
        check_width(rows, len(self.starts) - 1)
        found = np.empty(rows.shape)
        for column, numbers in enumerate(rows.T):
            found[:, column] = self._codes(column, numbers)
        return found if self.width is None else _marked(found, self.width)

    def _codes(self, column: int, numbers: Dense) -> Dense:
        start, end = self.starts[column], self.starts[column + 1]
        known = self.known[start:end]
        places = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
        is_known = (known[places] == numbers) | (np.isnan(known[places]) & np.isnan(numbers))
        instead = self.unknown[column]
        if instead is None and not is_known.all():
            raise InputError(
                f"Column {column + 1} holds a category that the model was not trained on: "
                f"{numbers[int(is_known.argmin())]:g}."
            )
        return np.where(is_known, self.codes[start:end][places], instead or 0.0)


def _marked(columns: Dense, width: int) -> SparseRows:
    is_kept = columns >= 0
    starts = np.concatenate([[0], np.cumsum(is_kept.sum(axis=1))])
    kept = columns[is_kept].astype(np.int64)
    return SparseRows(starts, kept, np.ones(len(kept)), width)

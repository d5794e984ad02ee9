"""Each column, or each row, brought to a scale of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import InputError
from vistazo.models.plan.likelihood import marked
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

_Row = NDArray[np.float64]
Norm = Literal["l1", "l2", "max", "highest"]
PowerMethod = Literal["yeo-johnson", "box-cox"]


@operation
@dataclass(frozen=True, eq=False)
class Standardize:
    """``(rows - minus) / over``: each (f,), or None where it is left out."""

    minus: _Row | None
    over: _Row | None

    def apply(self, values: Values) -> Matrix:
        rows = as_matrix(values)
        for numbers in (self.minus, self.over):
            if numbers is not None:
                check_width(rows, len(numbers))
        if self.minus is not None:
            rows = made_dense(rows) - self.minus
        if self.over is None:
            return rows
        if isinstance(rows, SparseRows):
            return rows.with_values(rows.values / self.over[rows.columns])
        return np.asarray(rows / self.over)


@operation
@dataclass(frozen=True, eq=False)
class Stretch:
    """``rows * times + plus`` (f,), then kept within ``low`` and ``high`` where these are given."""

    times: _Row
    plus: _Row
    low: float | None
    high: float | None

    def apply(self, values: Values) -> Matrix:
        rows = made_dense(as_matrix(values)) * self.times + self.plus
        if self.low is None or self.high is None:
            return np.asarray(rows)
        return np.clip(rows, self.low, self.high)


@operation
@dataclass(frozen=True, eq=False)
class Normalize:
    """Each row divided by its norm: the sum of what is without sign (l1), the root of the sum of
    squares (l2), the largest without sign (max) or with it (highest). A row of norm 0 stays.
    """

    norm: Norm

    def apply(self, values: Values) -> Matrix:
        rows = as_matrix(values)
        if isinstance(rows, SparseRows):
            return rows.with_values(rows.values / self._norms_of_sparse(rows)[rows.row_of_each])
        if self.norm == "highest":
            norms = rows.max(axis=1, initial=-np.inf)
        elif self.norm == "max":
            norms = np.abs(rows).max(axis=1, initial=0)
        elif self.norm == "l1":
            norms = np.abs(rows).sum(axis=1)
        else:
            norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        return np.asarray(rows / _not_zero(norms)[:, None])

    def _norms_of_sparse(self, rows: SparseRows) -> _Row:
        places, n = rows.row_of_each, len(rows)
        if self.norm == "l1":
            return _not_zero(np.bincount(places, np.abs(rows.values), n).astype(np.float64))
        if self.norm == "l2":
            return _not_zero(np.sqrt(np.bincount(places, rows.values**2, n)))
        is_full = np.diff(rows.starts) == rows.n_columns
        norms = np.where(is_full & (self.norm == "highest"), -np.inf, 0.0)
        np.maximum.at(norms, places, rows.values if self.norm == "highest" else np.abs(rows.values))
        return _not_zero(norms)


def _not_zero(norms: _Row) -> _Row:
    return np.where(norms == 0, 1.0, norms)


@operation
@dataclass(frozen=True, eq=False)
class Binarize:
    """1 where a number is above ``above`` (of sparse rows at least 0), else 0."""

    above: float

    def apply(self, values: Values) -> Matrix:
        rows = as_matrix(values)
        return marked(made_dense(rows) if self.above < 0 else rows, self.above)


@operation
@dataclass(frozen=True, eq=False)
class Impute:
    """What is missing (``missing``, or NaN where that is None) becomes the column's value of
    ``instead`` (f,). Of the columns ``kept`` stay, and those of ``indicated`` come after them as
    1 where a number was missing, else 0.
    """

    missing: float | None
    instead: _Row
    kept: NDArray[np.int64]
    indicated: NDArray[np.int64]

    def apply(self, values: Values) -> Matrix:
        rows = made_dense(as_matrix(values))
        is_missing = np.isnan(rows) if self.missing is None else rows == self.missing
        filled = np.where(is_missing, self.instead, rows)[:, self.kept]
        return np.concatenate([filled, is_missing[:, self.indicated].astype(np.float64)], axis=1)


@operation
@dataclass(frozen=True, eq=False)
class PowerTransform:
    """Yeo-Johnson (Biometrika 2000) or Box-Cox (JRSS 1964) with an exponent of each
    column (f,), standardized afterwards. Box-Cox raises InputError for zero and below.
    """

    method: PowerMethod
    exponents: _Row
    then: Standardize

    def apply(self, values: Values) -> Matrix:
        rows = made_dense(as_matrix(values))
        if self.method == "box-cox":
            if (rows <= 0).any():
                raise InputError("Box-Cox takes numbers above zero only.")
            return self.then.apply(_powers(rows, self.exponents))
        below = -_powers(1 - np.minimum(rows, 0), 2 - self.exponents)
        above = _powers(1 + np.maximum(rows, 0), self.exponents)
        return self.then.apply(np.where(rows >= 0, above, below))


def _powers(rows: Dense, exponents: _Row) -> Dense:
    """``(x**p - 1) / p``, the logarithm where p is 0."""
    logs = np.log(rows)
    close = np.abs(exponents) < np.finfo(np.float64).eps
    safe = np.where(close, 1.0, exponents)
    return np.where(close, logs, np.expm1(safe * logs) / safe)

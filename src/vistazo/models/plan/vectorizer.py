"""Texts become rows of numbers: how often each term occurs, and what it weighs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import Dense, Matrix, SparseRows, Values, as_matrix
from vistazo.models.plan.operation import operation
from vistazo.models.plan.vocabulary import HashedColumns, Vocabulary
from vistazo.texts.analysis import Analysis
from vistazo.texts.token_pattern import Effort, TokenPattern

Norm = Literal["", "l1", "l2", "max"]

# So that a stored plan may name them; what a text is knows nothing of plans.
operation(Analysis)
operation(TokenPattern)
operation(Effort)


@operation
@dataclass(frozen=True, eq=False)
class TermWeights:
    """Counts of terms become weights (sklearn.feature_extraction.text.TfidfTransformer).

    Each count times its column's ``inverse_frequency`` (n_columns,), then the row divided by its
    ``norm``. ``is_sublinear``: 1 + ln(count) instead of the count.
    """

    inverse_frequency: NDArray[np.float64] | None
    is_sublinear: bool
    norm: Norm

    def apply(self, values: Values) -> Matrix:
        rows = as_matrix(values)
        if isinstance(rows, SparseRows):
            return self.weighed(rows)
        return self.weighed(_sparse(rows)).dense()

    def weighed(self, rows: SparseRows) -> SparseRows:
        """Raises ValueError where the rows have other columns than the weights.

        Infinite weights, and the logarithm of what is no count, make undefined numbers.
        """
        if self.inverse_frequency is not None and len(self.inverse_frequency) != rows.n_columns:
            raise ValueError("weights of other columns")
        with np.errstate(all="ignore"):
            weights = np.log(rows.values) + 1 if self.is_sublinear else rows.values
            if self.inverse_frequency is not None:
                weights = weights * self.inverse_frequency[rows.columns]
            return rows.with_values(weights / self._lengths(rows, weights))

    def _lengths(self, rows: SparseRows, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """For each number the length of its row; 1 where that is zero."""
        if not self.norm:
            return np.ones(len(weights))
        row_of_each = rows.row_of_each
        lengths = np.zeros(len(rows))
        if self.norm == "max":
            np.maximum.at(lengths, row_of_each, np.abs(weights))
        elif self.norm == "l1":
            np.add.at(lengths, row_of_each, np.abs(weights))
        else:
            np.add.at(lengths, row_of_each, weights * weights)
            lengths = np.sqrt(lengths)
        return np.where(lengths == 0, 1.0, lengths)[row_of_each]


@operation
@dataclass(frozen=True, eq=False)
class Vectorizer:
    """Texts become rows of numbers, one column a term. ``is_binary``: 1 for any count."""

    analysis: Analysis
    terms: Vocabulary | HashedColumns
    is_binary: bool = False
    weights: TermWeights | None = None

    @property
    def n_columns(self) -> int:
        return self.terms.n_columns

    def apply(self, values: Values) -> SparseRows:
        """Raises TypeError for rows of numbers, TextTooCostlyError for a text."""
        rows = self.counts(_texts(values))
        return self.weights.weighed(rows) if self.weights else rows

    def counts(self, texts: Sequence[str]) -> SparseRows:
        counter = self.terms.counter(self.analysis)
        counted = [counter(text) for text in texts]
        starts = np.cumsum([0, *(len(columns) for columns, _ in counted)], dtype=np.int64)
        columns = np.concatenate([np.zeros(0, np.int64), *(each for each, _ in counted)])
        values = np.concatenate([np.zeros(0), *(each for _, each in counted)])
        rows = SparseRows(starts, columns, values, self.n_columns)
        return rows.with_values(np.ones_like(values)) if self.is_binary else rows


def vectorizers_in(made: object) -> Iterator[Vectorizer]:
    """All within an operation, or within a tuple of operations."""
    if isinstance(made, Vectorizer):
        yield made
    elif isinstance(made, tuple):
        for each in made:
            yield from vectorizers_in(each)
    elif is_dataclass(made) and not isinstance(made, type):
        for each in fields(made):
            yield from vectorizers_in(getattr(made, each.name))


def _texts(values: Values) -> Sequence[str]:
    if isinstance(values, (np.ndarray, SparseRows)):
        raise TypeError("rows of numbers where texts belong")
    return values


def _sparse(rows: Dense) -> SparseRows:
    """Without the zeros, as scipy makes it."""
    row_of_each, columns = np.nonzero(rows)
    starts = np.searchsorted(row_of_each, np.arange(len(rows) + 1)).astype(np.int64)
    return SparseRows(starts, columns, rows[row_of_each, columns], rows.shape[1])

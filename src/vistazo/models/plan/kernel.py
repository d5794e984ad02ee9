"""Kernels: how alike rows are to the vectors that a machine kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import Dense, Matrix, in_dense_parts
from vistazo.models.plan.operation import operation

Form = Literal["linear", "poly", "rbf", "sigmoid"]
# Squared distances are exact to this share of the squared lengths that they are a difference of.
_PRECISION = 1e-14
_ENOUGH = 1e-9
_NO_EXPONENT = 750.0  # exp(-750) is 0
_MOST_NUMBERS = 1_000_000


@operation
@dataclass(frozen=True, eq=False)
class Kernel:
    """libsvm's: poly ``(gamma x.v + shift)**degree``, rbf ``exp(-gamma |x - v|**2)``, sigmoid
    ``tanh(gamma x.v + shift)``, linear ``x.v``.

    The vectors v are the rows of ``vectors`` (m, f), or, where ``starts`` is not empty, sparse as
    rows are: ``columns``, and ``vectors`` (1, kept) their values.
    """

    form: Form
    vectors: Dense
    starts: NDArray[np.int64]
    columns: NDArray[np.int64]
    gamma: float
    shift: float
    degree: int

    @property
    def n_vectors(self) -> int:
        return len(self.starts) - 1 if len(self.starts) else len(self.vectors)

    def of(self, rows: Matrix) -> Iterator[Dense]:
        """The kernel of rows (n, f) and all vectors (n, m), a part of the rows at a time."""
        if len(self.starts):
            owners = np.repeat(np.arange(self.n_vectors), np.diff(self.starts))
            for row in _each_dense(rows):
                yield self._of_sparse(row, owners)[None, :]
            return
        for part in in_dense_parts(rows):
            step = max(1, _MOST_NUMBERS // max(1, len(self.vectors)))
            for start in range(0, len(part), step):
                yield self._of(part[start : start + step])

    def _of(self, rows: Dense) -> Dense:
        if self.form == "rbf":
            return np.asarray(np.exp(-self.gamma * self._distances(rows)))
        return self._formed(rows @ self.vectors.T)

    def _distances(self, rows: Dense) -> Dense:
        """Squared, from products of what is left of the vectors' mean; once more one by one where
        so little is left of large numbers that it matters.
        """
        mean = self.vectors.mean(axis=0) if len(self.vectors) else 0.0
        near, vectors = rows - mean, self.vectors - mean
        lengths = (near**2).sum(axis=1)[:, None] + (vectors**2).sum(axis=1)
        found = np.maximum(lengths - 2 * (near @ vectors.T), 0)
        error = self.gamma * lengths * _PRECISION
        doubtful = (error > _ENOUGH) & ~(self.gamma * found - error > _NO_EXPONENT)
        for row in np.flatnonzero(doubtful.any(axis=1)):
            which = np.flatnonzero(doubtful[row])
            found[row, which] = self._distances_of(rows[row], which)
        return np.asarray(found)

    def _distances_of(self, row: Dense, which: NDArray[np.int64]) -> Dense:
        step = max(1, _MOST_NUMBERS // max(1, len(row)))
        parts = [which[start : start + step] for start in range(0, len(which), step)]
        return np.concatenate([((self.vectors[part] - row) ** 2).sum(axis=1) for part in parts])

    def _of_sparse(self, row: Dense, owners: NDArray[np.int64]) -> Dense:
        """Of one row (f,): (m,). Squared distances are those in the columns that are kept, and
        what the row has in others.
        """
        kept, there, m = self.vectors[0], row[self.columns], self.n_vectors
        if self.form != "rbf":
            return self._formed(np.bincount(owners, kept * there, m).astype(np.float64))
        elsewhere = np.maximum(row @ row - np.bincount(owners, there**2, m), 0)
        return np.asarray(
            np.exp(-self.gamma * (np.bincount(owners, (kept - there) ** 2, m) + elsewhere))
        )

    def _formed(self, products: Dense) -> Dense:
        if self.form == "linear":
            return products
        inner = self.gamma * products + self.shift
        return np.asarray(np.tanh(inner) if self.form == "sigmoid" else inner**self.degree)


def _each_dense(rows: Matrix) -> Iterator[Dense]:
    for part in in_dense_parts(rows):
        yield from part

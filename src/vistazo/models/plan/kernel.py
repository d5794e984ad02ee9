"""Kernels: how alike rows are to the vectors that a machine kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import Dense, Matrix, SparseRows, check_width, in_dense_parts
from vistazo.models.plan.operation import operation

Form = Literal["linear", "poly", "rbf", "sigmoid"]
# Squared distances are exact to this share of the squared lengths that they are a difference of.
_PRECISION = 1e-14
_ENOUGH = 1e-9
_NO_EXPONENT = 750.0  # exp(-750) is 0
_MOST_NUMBERS = 1_000_000


@operation
@dataclass(frozen=True, eq=False)
class DenseVectors:
    """The rows of ``vectors`` (m, f)."""

    vectors: Dense

    def __len__(self) -> int:
        return len(self.vectors)

    def products(self, rows: Matrix) -> Iterator[Dense]:
        """Inner products with rows (n, f), some rows at a time: (n, m)."""
        for part in self._parts(rows):
            yield part @ self.vectors.T

    def distances(self, rows: Matrix, gamma: float) -> Iterator[Dense]:
        """Squared, as exact as it matters where they are multiplied by ``gamma``: from products of
        what is left of the vectors' mean, and one by one where little is left of large numbers.
        """
        mean = self.vectors.mean(axis=0) if len(self.vectors) else 0.0
        vectors = self.vectors - mean
        own = (vectors**2).sum(axis=1)
        for part in self._parts(rows):
            near = part - mean
            with np.errstate(over="ignore", invalid="ignore"):
                lengths = (near**2).sum(axis=1)[:, None] + own
                found = np.maximum(lengths - 2 * (near @ vectors.T), 0)
                error = gamma * lengths * _PRECISION
                doubtful = (error > _ENOUGH) & ~(gamma * found - error > _NO_EXPONENT)
                for row in np.flatnonzero(doubtful.any(axis=1)):
                    which = np.flatnonzero(doubtful[row])
                    found[row, which] = self._distances_of(part[row], which)
            yield found

    def _parts(self, rows: Matrix) -> Iterator[Dense]:
        step = max(1, _MOST_NUMBERS // max(1, len(self.vectors)))
        for part in in_dense_parts(rows):
            for start in range(0, len(part), step):
                yield part[start : start + step]

    def _distances_of(self, row: Dense, which: NDArray[np.int64]) -> Dense:
        step = max(1, _MOST_NUMBERS // max(1, len(row)))
        parts = [which[start : start + step] for start in range(0, len(which), step)]
        return np.concatenate([((self.vectors[part] - row) ** 2).sum(axis=1) for part in parts])


@operation
@dataclass(frozen=True, eq=False)
class SparseVectors:
    """As many as ``squares`` (m,), their squared lengths. In column j the vectors
    ``owners[a:b]`` have ``values[a:b]``, others 0, for a, b = starts[j], starts[j + 1].
    """

    starts: NDArray[np.int64]
    owners: NDArray[np.int64]
    values: NDArray[np.float64]
    squares: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.squares)

    def products(self, rows: Matrix) -> Iterator[Dense]:
        """Inner products with rows (n, f), one at a time: (1, m)."""
        check_width(rows, len(self.starts) - 1)
        for columns, values in _kept(rows):
            yield self._products(columns, values)[None, :]

    def distances(self, rows: Matrix, _: float) -> Iterator[Dense]:
        """Squared. As words have it: of numbers that are not large."""
        check_width(rows, len(self.starts) - 1)
        for columns, values in _kept(rows):
            products = self._products(columns, values)
            yield np.maximum(values @ values + self.squares - 2 * products, 0)[None, :]

    def _products(self, columns: NDArray[np.int64], values: Dense) -> Dense:
        """Only what stands in the row's columns is looked at."""
        first, counts = self.starts[columns], self.starts[columns + 1] - self.starts[columns]
        before = np.cumsum(counts) - counts
        places = np.repeat(first - before, counts) + np.arange(counts.sum())
        weighted = self.values[places] * np.repeat(values, counts)
        return np.bincount(self.owners[places], weighted, len(self)).astype(np.float64)


@operation
@dataclass(frozen=True, eq=False)
class Kernel:
    """libsvm's: poly ``(gamma x.v + shift)**degree``, rbf ``exp(-gamma |x - v|**2)``, sigmoid
    ``tanh(gamma x.v + shift)``, linear ``x.v``.
    """

    form: Form
    vectors: DenseVectors | SparseVectors
    gamma: float
    shift: float
    degree: int

    def of(self, rows: Matrix) -> Iterator[Dense]:
        """Of rows (n, f) and all m vectors, some rows at a time: (n, m)."""
        if self.form == "rbf":
            for squares in self.vectors.distances(rows, self.gamma):
                yield np.exp(-self.gamma * squares)
            return
        for products in self.vectors.products(rows):
            yield self._formed(products)

    def _formed(self, products: Dense) -> Dense:
        if self.form == "linear":
            return products
        inner = self.gamma * products + self.shift
        return np.asarray(np.tanh(inner) if self.form == "sigmoid" else inner**self.degree)


def _kept(rows: Matrix) -> Iterator[tuple[NDArray[np.int64], Dense]]:
    """Columns and numbers of each row that are not 0."""
    if isinstance(rows, SparseRows):
        yield from rows.rows()
        return
    for row in rows:
        columns = np.flatnonzero(row)
        yield columns, row[columns]

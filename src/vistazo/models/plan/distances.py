"""How far rows are from known points, dense or sparse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import Dense, Matrix, SparseRows, in_dense_parts
from vistazo.models.plan.operation import operation

Metric = Literal[
    "euclidean",
    "sqeuclidean",
    "manhattan",
    "chebyshev",
    "minkowski",
    "cosine",
    "canberra",
    "hamming",
]
_MOST_NUMBERS = 1_000_000


class Points(Protocol):
    """Known points, and how far from them rows are."""

    @property
    def n_points(self) -> int: ...

    def away(self, values: Matrix, /) -> Iterator[Dense]:
        """How far (n, points) some rows at a time are, in order: distances without their root, of
        which equal ones are told better.
        """
        ...

    def rooted(self, away: Dense, /) -> Dense:
        """The distances themselves."""
        ...

    def unrooted(self, distance: Dense, /) -> Dense:
        """How far ``away`` that is."""
        ...


@operation
@dataclass(frozen=True, eq=False)
class DensePoints:
    """``by_column`` (f, points). ``power`` and the ``weights`` of columns (none: all are 1) are
    those of minkowski. ``by_products``: euclidean distances come of products of rows, which is
    quick, and rounds as scikit-learn's do where it compares all with all.
    """

    by_column: Dense
    metric: Metric
    power: float
    weights: NDArray[np.float64]
    by_products: bool

    @property
    def n_points(self) -> int:
        return int(self.by_column.shape[1])

    def away(self, values: Matrix) -> Iterator[Dense]:
        n_columns = len(self.by_column)
        step = max(1, _MOST_NUMBERS // max(1, self.n_points, n_columns))
        for part in in_dense_parts(values, step * max(1, n_columns)):
            yield self._away(part)

    def _away(self, rows: Dense) -> Dense:
        if self.metric == "cosine":
            return cosine_of(_unit(rows) @ _unit(self.by_column.T).T)
        if self.by_products:
            squares = (self.by_column**2).sum(axis=0)
            products = rows @ self.by_column
            return euclidean_of((rows**2).sum(axis=1)[:, None], squares, products)
        return self._summed(rows)

    def _summed(self, rows: Dense) -> Dense:
        """Column by column: so points equally far are told as such, as scikit-learn's trees do."""
        sums = np.zeros((len(rows), self.n_points))
        for number, (here, there) in enumerate(zip(rows.T, self.by_column, strict=True)):
            apart = np.abs(here[:, None] - there)
            if self.metric == "chebyshev":
                np.maximum(sums, apart, out=sums)
            elif self.metric == "canberra":
                whole = np.abs(here)[:, None] + np.abs(there)
                sums += apart / np.where(whole == 0, 1, whole)
            else:
                sums += self._term(apart, number)
        return sums / len(self.by_column) if self.metric == "hamming" else sums

    def _term(self, apart: Dense, column: int) -> Dense:
        if self.metric in ("euclidean", "sqeuclidean"):
            return apart * apart
        if self.metric == "hamming":
            return np.asarray(apart != 0, dtype=np.float64)
        if self.metric == "minkowski":
            weight = self.weights[column] if len(self.weights) else 1.0
            return np.asarray(weight * apart**self.power)
        return apart

    def rooted(self, away: Dense) -> Dense:
        return root(away, self.metric, self.power)

    def unrooted(self, distance: Dense) -> Dense:
        return power(distance, self.metric, self.power)


@operation
@dataclass(frozen=True, eq=False)
class SparsePoints:
    """Column j has ``values[a:b]`` in the points ``owners[a:b]``, a, b = starts[j], starts[j + 1].

    ``sizes`` (points,) are sums of squares, or of absolute values for manhattan. For cosine the
    points are of length one.
    """

    starts: NDArray[np.int64]
    owners: NDArray[np.int64]
    values: NDArray[np.float64]
    sizes: NDArray[np.float64]
    metric: Metric

    @property
    def n_points(self) -> int:
        return len(self.sizes)

    def away(self, values: Matrix) -> Iterator[Dense]:
        if isinstance(values, SparseRows):
            for columns, numbers in values.rows():
                yield self._away(columns, numbers)
        else:
            for row in values:
                columns = np.flatnonzero(row)
                yield self._away(columns, row[columns])

    def _away(self, columns: NDArray[np.int64], numbers: NDArray[np.float64]) -> Dense:
        begins, ends = self.starts[columns], self.starts[columns + 1]
        lengths = ends - begins
        places = np.repeat(begins - np.cumsum(lengths) + lengths, lengths)
        places += np.arange(len(places))
        if self.metric == "cosine":
            numbers = numbers / (np.sqrt((numbers**2).sum()) or 1)
        here, there = np.repeat(numbers, lengths), self.values[places]
        if self.metric == "manhattan":
            both = np.abs(here - there) - np.abs(here) - np.abs(there)
            away = self._per_point(places, both) + self.sizes + np.abs(numbers).sum()
            return np.asarray(away[None], dtype=np.float64)
        products = self._per_point(places, here * there)
        if self.metric == "cosine":
            return cosine_of(products)[None]
        return euclidean_of((numbers**2).sum(), self.sizes, products)[None]

    def rooted(self, away: Dense) -> Dense:
        return root(away, self.metric, 2)

    def unrooted(self, distance: Dense) -> Dense:
        return power(distance, self.metric, 2)

    def _per_point(self, places: NDArray[np.int64], numbers: Dense) -> Dense:
        sums = np.bincount(self.owners[places], weights=numbers, minlength=self.n_points)
        return sums.astype(np.float64)


def root(away: Dense, metric: Metric, of: float) -> Dense:
    if metric == "euclidean":
        return np.asarray(np.sqrt(away), dtype=np.float64)
    return np.asarray(away ** (1 / of)) if metric == "minkowski" else away


def power(distance: Dense, metric: Metric, of: float) -> Dense:
    if metric == "euclidean":
        return distance * distance
    return np.asarray(distance**of) if metric == "minkowski" else distance


def euclidean_of(
    here: NDArray[np.float64] | np.float64, there: NDArray[np.float64], products: Dense
) -> Dense:
    """Squares of distances, of sums of squares and products: not below zero by rounding."""
    return np.asarray(np.maximum(-2 * products + here + there, 0), dtype=np.float64)


def cosine_of(products: Dense) -> Dense:
    return np.clip(1 - products, 0, 2)


def _unit(rows: Dense) -> Dense:
    norms = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return np.asarray(rows / np.where(norms == 0, 1, norms))

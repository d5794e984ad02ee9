"""Classifiers by Bayes' rule: the class under which a row, and the class itself, is likeliest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import InputError
from vistazo.models.plan.linear import for_both, softmax
from vistazo.models.plan.matrix import Dense, Matrix, SparseRows, in_dense_parts, times
from vistazo.models.plan.operation import Decisions, operation

_Counts = NDArray[np.int64]


@operation
@dataclass(frozen=True, eq=False)
class CountLikelihood:
    """Joint log-likelihoods ``rows @ weights + prior`` (naive Bayes of counts).

    ``weights`` (f, k), ``prior`` (k,): minus infinity for a class that was never seen. Where
    ``above`` is given, numbers above it count as 1 and others as 0.
    """

    weights: Dense
    prior: NDArray[np.float64]
    above: float | None

    @property
    def n_classes(self) -> int:
        return len(self.prior)

    def decide(self, values: Matrix) -> Decisions:
        if self.above is not None:
            values = marked(values, self.above)
        return by_likelihood(times(values, self.weights) + self.prior)


def marked(rows: Matrix, above: float) -> Matrix:
    """1 where a number is above ``above``, else 0 (of sparse rows ``above`` is at least 0)."""
    if isinstance(rows, SparseRows):
        return rows.with_values((rows.values > above).astype(np.float64))
    return (rows > above).astype(np.float64)


@operation
@dataclass(frozen=True, eq=False)
class GaussianLikelihood:
    """Independent normal distributions: ``means`` and ``variances`` (k, f), ``prior`` (k,) logs."""

    means: Dense
    variances: Dense
    prior: NDArray[np.float64]

    @property
    def n_classes(self) -> int:
        return len(self.prior)

    def decide(self, values: Matrix) -> Decisions:
        parts = [self._joint(part) for part in in_dense_parts(values)]
        return by_likelihood(_joined(parts, self.n_classes))

    def _joint(self, rows: Dense) -> Dense:
        norms = -0.5 * np.log(2 * np.pi * self.variances).sum(axis=1) + self.prior
        squares = [
            ((rows - mean) ** 2 / variance).sum(axis=1)
            for mean, variance in zip(self.means, self.variances, strict=True)
        ]
        return np.asarray(norms - 0.5 * np.stack(squares, axis=1))


@operation
@dataclass(frozen=True, eq=False)
class QuadraticDiscriminant:
    """Normal distributions, each turned: ``-(|(row - mean) @ rotation|**2 + size) / 2 + prior``.

    ``means`` (k, f), ``rotations`` k of (f, r) that are divided by the square roots of the
    variances, ``sizes`` (k,) the logs of the determinants, ``prior`` (k,) logs.
    """

    means: Dense
    rotations: tuple[Dense, ...]
    sizes: NDArray[np.float64]
    prior: NDArray[np.float64]

    @property
    def n_classes(self) -> int:
        return len(self.prior)

    def decide(self, values: Matrix) -> Decisions:
        parts = [self._joint(part) for part in in_dense_parts(values)]
        found = _joined(parts, self.n_classes)
        scores = for_both(found[:, 1:] - found[:, :1]) if self.n_classes == 2 else found
        return Decisions(found.argmax(axis=1), softmax(found), scores)

    def _joint(self, rows: Dense) -> Dense:
        norms = [
            (((rows - mean) @ rotation) ** 2).sum(axis=1)
            for mean, rotation in zip(self.means, self.rotations, strict=True)
        ]
        return np.asarray(-0.5 * (np.stack(norms, axis=1) + self.sizes) + self.prior)


@operation
@dataclass(frozen=True, eq=False)
class CategoryLikelihood:
    """A table of logs for each column: those of its category are added.

    ``tables`` (c, k): of all columns one below the other. A category is a whole number from 0; that
    of column j stands at ``starts[j]`` + category. Raises InputError for one that has no table, as
    scikit-learn raises an error.
    """

    tables: Dense
    starts: _Counts
    prior: NDArray[np.float64]

    @property
    def n_classes(self) -> int:
        return len(self.prior)

    def decide(self, values: Matrix) -> Decisions:
        parts = [self._joint(part) for part in in_dense_parts(values)]
        return by_likelihood(_joined(parts, self.n_classes))

    def _joint(self, rows: Dense) -> Dense:
        sizes = np.diff(self.starts)
        unknown = ~((rows > -1) & (rows < sizes)).all(axis=0)
        if unknown.any():
            column = int(unknown.argmax())
            raise InputError(
                f"Column {column + 1} holds a category that the model was not trained on: give a "
                f"whole number from 0 to {sizes[column] - 1}."
            )
        places = self.starts[:-1] + rows.astype(np.int64)
        found = np.tile(self.prior, (len(rows), 1))
        for column in places.T:
            found += self.tables[column]
        return found


def by_likelihood(joint: Dense) -> Decisions:
    """Of joint log-likelihoods (n, k); there is no decision function."""
    return Decisions(joint.argmax(axis=1), softmax(joint))


def _joined(parts: list[Dense], n_classes: int) -> Dense:
    return np.concatenate(parts) if parts else np.zeros((0, n_classes))

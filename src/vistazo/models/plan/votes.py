"""Several classifiers that decide together: a vote, a mean, a boosted sum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.linear import softmax
from vistazo.models.plan.matrix import Dense, Matrix, SparseRows, in_dense_parts
from vistazo.models.plan.operation import Decider, Decisions, operation
from vistazo.models.plan.trees import Trees, columns_of

# The least probability whose logarithm is taken.
_SMALLEST = float(np.finfo(np.float64).eps)


@operation
@dataclass(frozen=True, eq=False)
class Vote:
    """The class that most members predict, by their ``weights``; of equal ones the first.

    ``places`` are, for each member, where its classes stand among the ``n_classes``.
    """

    members: tuple[Decider, ...]
    places: tuple[NDArray[np.int64], ...]
    weights: NDArray[np.float64]
    n_classes: int

    def decide(self, values: Matrix) -> Decisions:
        votes = np.zeros((len(values), self.n_classes))
        row = np.arange(len(values))
        for member, places, weight in zip(self.members, self.places, self.weights, strict=True):
            votes[row, places[member.decide(values).predicted]] += weight
        return Decisions(votes.argmax(axis=1))


@operation
@dataclass(frozen=True, eq=False)
class Mean:
    """The weighted mean of the members' probabilities, and of their scores where all have any.

    ``places`` as in a Vote. A member without probabilities gives 1 to the class that it predicts.
    ``columns`` are those that a member sees: none of them for all, else a tuple of each member's.
    """

    members: tuple[Decider, ...]
    places: tuple[NDArray[np.int64], ...]
    columns: tuple[NDArray[np.int64], ...]
    weights: NDArray[np.float64]
    n_classes: int
    with_scores: bool

    def decide(self, values: Matrix) -> Decisions:
        chances = np.zeros((len(values), self.n_classes))
        scores: Dense | None = np.zeros(chances.shape) if self.with_scores else None
        for number, (member, places) in enumerate(zip(self.members, self.places, strict=True)):
            found = member.decide(self._seen(values, number))
            weight = self.weights[number]
            chances[:, places] += weight * _chances(found, len(places))
            whole = found.scores is not None and found.scores.shape == chances.shape
            scores = scores + weight * found.scores if scores is not None and whole else None
        chances /= self.weights.sum()
        scores = None if scores is None else scores / self.weights.sum()
        return Decisions(chances.argmax(axis=1), chances, scores)

    def _seen(self, values: Matrix, number: int) -> Matrix:
        if not self.columns:
            return values
        return chosen(values, self.columns[number])


def _chances(found: Decisions, n_classes: int) -> Dense:
    if found.probabilities is not None:
        return found.probabilities
    return np.eye(n_classes)[found.predicted]


def chosen(values: Matrix, columns: NDArray[np.int64]) -> Matrix:
    """Those columns alone, in any order, some of them perhaps twice."""
    if not isinstance(values, SparseRows):
        return values[:, columns]
    different, places = np.unique(columns, return_inverse=True)
    if np.array_equal(different, columns):
        return columns_of(values, columns)
    parts = in_dense_parts(columns_of(values, different))
    return np.concatenate([np.empty((0, len(columns))), *(part[:, places] for part in parts)])


@operation
@dataclass(frozen=True, eq=False)
class AdaBoost:
    """``sum of what the members add / total`` for each class.

    A member adds, where ``real``, ``(k - 1) * (log p - mean log p)``; else its weight to the class
    that it predicts, and ``others`` of it to each other class. Where ``of_means``, probabilities
    come of the mean of the members' probabilities.
    """

    members: tuple[Decider, ...]
    weights: NDArray[np.float64]
    total: float
    others: float
    real: bool
    of_means: bool
    n_classes: int

    def decide(self, values: Matrix) -> Decisions:
        sums = np.zeros((len(values), self.n_classes))
        means = np.zeros(sums.shape)
        for member, weight in zip(self.members, self.weights, strict=True):
            found = member.decide(values)
            chances = _chances(found, self.n_classes)
            means += weight * chances
            sums += real_votes(chances) if self.real else weight * self._votes(found.predicted)
        return boosted(sums / self.total, means / self.total if self.of_means else None)

    def _votes(self, predicted: NDArray[np.int64]) -> Dense:
        return np.where(np.eye(self.n_classes, dtype=np.bool_)[predicted], 1.0, self.others)


@operation
@dataclass(frozen=True, eq=False)
class AdaBoostedTrees:
    """The same of trees, looked up together: a leaf adds ``votes`` (leaves, k) by the tree's
    weight. ``chances`` (leaves, k) are its probabilities, empty where they are not asked for.
    """

    trees: Trees
    votes: Dense
    chances: Dense
    weights: NDArray[np.float64]
    total: float

    @property
    def n_classes(self) -> int:
        return int(self.votes.shape[1])

    def decide(self, values: Matrix) -> Decisions:
        whole = np.concatenate(list(self.trees.leaves(values)))
        sums = self._sums(whole, self.votes)
        return boosted(sums, self._sums(whole, self.chances) if len(self.chances) else None)

    def _sums(self, leaves: NDArray[np.int64], held: Dense) -> Dense:
        sums = np.zeros((len(leaves), self.n_classes))
        for number, weight in enumerate(self.weights):
            sums += weight * held[leaves[:, number]]
        return sums / self.total


def real_votes(chances: Dense) -> Dense:
    """What probabilities (n, k) add to the sums of a SAMME.R (Zhu et al. 2009)."""
    logs = np.log(np.maximum(chances, _SMALLEST))
    return np.asarray((chances.shape[1] - 1) * (logs - logs.mean(axis=1, keepdims=True)))


def boosted(sums: Dense, means: Dense | None) -> Decisions:
    """Decisions by sums (n, k): of two classes by their difference."""
    n_classes = sums.shape[1]
    exponents = (sums if means is None else means) / (n_classes - 1)
    if n_classes > 2:
        return Decisions(sums.argmax(axis=1), softmax(exponents), sums)
    above = sums[:, 1] - sums[:, 0]
    scores = np.stack([-above, above], axis=1)
    return Decisions((above > 0).astype(np.int64), softmax(exponents), scores)

"""Trees whose leaves hold a share of each class, and trees whose leaves are summed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.linear import logistic, softmax
from vistazo.models.plan.matrix import Dense, Matrix
from vistazo.models.plan.operation import Decider, Decisions, operation
from vistazo.models.plan.trees import Trees, rounded

# How probabilities follow from sums: of two classes logistic, or logistic of twice the sum.
BoostLink = Literal["softmax", "logistic", "twice"]
_MOST_NUMBERS = 1_000_000


@operation
@dataclass(frozen=True, eq=False)
class Forest:
    """The mean over the trees of what their leaves hold: ``shares`` (leaves, k)."""

    trees: Trees
    shares: Dense

    @property
    def n_classes(self) -> int:
        return int(self.shares.shape[1])

    def decide(self, values: Matrix) -> Decisions:
        """The class of the largest mean, the first of equals."""
        sums = [
            self.shares[some].sum(axis=1)
            for leaves in self.trees.leaves(values)
            for some in _parts(leaves, self.n_classes)
        ]
        means = np.concatenate(sums) / len(self.trees.roots)
        return Decisions(means.argmax(axis=1), means)


@operation
@dataclass(frozen=True, eq=False)
class Boosted:
    """``start + sum of what the leaves hold``: one sum of two classes, else one for each.

    The tree in place i adds to the sum i % k. ``start`` (k,); where there is a ``first``
    estimator, its probabilities as sums are added. ``tie`` is the place of the class of two whose
    sum is zero. ``centred``: the first's sums of many classes are moved to a mean of zero; its
    probabilities are kept ``smallest`` away from 0 and 1.
    """

    trees: Trees
    amounts: NDArray[np.float64]
    start: NDArray[np.float64]
    link: BoostLink
    tie: int
    first: Decider | None
    centred: bool
    smallest: float

    @property
    def n_classes(self) -> int:
        return max(2, len(self.start))

    def decide(self, values: Matrix) -> Decisions:
        sums = np.concatenate([self._summed(leaves) for leaves in self.trees.leaves(values)])
        sums += self.start
        if self.first is not None:
            sums += self._first(self.first, values)
        if len(self.start) > 1:
            return Decisions(sums.argmax(axis=1), softmax(sums), sums)
        above = sums[:, 0] >= 0 if self.tie else sums[:, 0] > 0
        chances = logistic(2 * sums if self.link == "twice" else sums)
        both = np.concatenate([1 - chances, chances], axis=1)
        return Decisions(above.astype(np.int64), both, np.concatenate([-sums, sums], axis=1))

    def _summed(self, leaves: NDArray[np.int64]) -> Dense:
        stages, n_sums = len(self.trees.roots) // len(self.start), len(self.start)
        parts = [
            self.amounts[some].reshape(len(some), stages, n_sums).sum(axis=1)
            for some in _parts(leaves, 1)
        ]
        return np.concatenate(parts)

    def _first(self, first: Decider, values: Matrix) -> Dense:
        chances = first.decide(single(values)).probabilities
        if chances is None:
            raise TypeError("the first estimator gives no probabilities")
        return as_sums(chances, self.link, self.smallest, centred=self.centred)


def as_sums(chances: Dense, link: BoostLink, smallest: float, *, centred: bool) -> Dense:
    """Probabilities (n, k) as the sums that they would come of: (n, 1) of two classes."""
    chances = np.clip(chances, smallest, 1 - smallest)
    if link != "softmax":
        odds = np.log(chances[:, 1:] / (1 - chances[:, 1:]))
        return np.asarray(odds / 2 if link == "twice" else odds)
    sums = np.log(chances)
    return np.asarray(sums - sums.mean(axis=1, keepdims=True) if centred else sums)


def single(values: Matrix) -> Matrix:
    """Numbers as float32 has them, sparse or dense."""
    if isinstance(values, np.ndarray):
        return rounded(values)
    return values.with_values(rounded(values.values))


def _parts(leaves: NDArray[np.int64], width: int) -> Iterator[NDArray[np.int64]]:
    """The rows in order, so few at a time that what their leaves hold is small: once at least."""
    step = max(1, _MOST_NUMBERS // max(1, leaves.shape[1] * width))
    for start in range(0, max(1, len(leaves)), step):
        yield leaves[start : start + step]

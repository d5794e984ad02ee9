"""Classifiers whose scores are turned into probabilities by what was seen on other samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.linear import logistic, softmax
from vistazo.models.plan.matrix import Dense, Matrix
from vistazo.models.plan.operation import Decider, Decisions, operation

# Probabilities this little above one are one: rounding.
_ROUNDING = 1e-5
_SMALLEST = 1e-12


class Curve(Protocol):
    """From a score (n,) to a probability (n,)."""

    def at(self, scores: NDArray[np.float64], /) -> NDArray[np.float64]: ...


@operation
@dataclass(frozen=True)
class Sigmoid:
    """``1 / (1 + exp(slope * score + offset))`` (Platt 1999)."""

    slope: float
    offset: float

    def at(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        return logistic(-(self.slope * scores + self.offset))


@operation
@dataclass(frozen=True, eq=False)
class Steps:
    """Straight lines between points (``scores`` rise), level outside; of float32 where single."""

    scores: NDArray[np.float64]
    chances: NDArray[np.float64]
    single: bool

    def at(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.single:
            scores = scores.astype(np.float32).astype(np.float64)
        return np.interp(scores, self.scores, self.chances)


@operation
@dataclass(frozen=True, eq=False)
class Calibrated:
    """A classifier, and a curve for each of the first of its values: scores, or else probabilities;
    of two classes only that of the second. ``places`` are the classes of the curves.

    Divided by their sum where there are more than two ``n_classes``; a sum of zero makes all equal.
    ``second_only``: of two classes that are fewer than all, too, only the second's value.
    """

    decider: Decider
    curves: tuple[Curve, ...]
    places: NDArray[np.int64]
    n_classes: int
    second_only: bool

    def decide(self, values: Matrix) -> Decisions:
        found = self._values(self.decider.decide(values))
        chances = np.zeros((len(found), self.n_classes))
        for curve, place, value in zip(self.curves, self.places, found.T, strict=False):
            chances[:, place] = curve.at(value)
        if self.n_classes == 2:
            chances[:, 0] = 1 - chances[:, 1]
        else:
            sums = chances.sum(axis=1, keepdims=True)
            chances = np.where(sums == 0, 1 / self.n_classes, chances / np.where(sums, sums, 1))
        chances[(chances > 1) & (chances <= 1 + _ROUNDING)] = 1
        return Decisions(chances.argmax(axis=1), chances)

    def _values(self, found: Decisions) -> Dense:
        if found.scores is not None:
            return found.scores[:, 1:] if found.scores.shape[1] == 2 else found.scores
        if found.probabilities is None:
            raise TypeError("what is calibrated gives neither scores nor probabilities")
        two = found.probabilities.shape[1] == 2 and (self.n_classes == 2 or self.second_only)
        return found.probabilities[:, 1:] if two else found.probabilities


@operation
@dataclass(frozen=True, eq=False)
class Tempered:
    """``softmax(inverse * scores)``, of logarithms where the classifier gives probabilities only
    (Guo et al. 2017).
    """

    decider: Decider
    inverse: float

    @property
    def n_classes(self) -> int:
        return self.decider.n_classes

    def decide(self, values: Matrix) -> Decisions:
        found = self.decider.decide(values)
        if found.scores is not None:
            chances = softmax(self.inverse * found.scores)
        elif found.probabilities is not None:
            chances = softmax(self.inverse * np.log(found.probabilities + _SMALLEST))
        else:
            raise TypeError("what is calibrated gives neither scores nor probabilities")
        return Decisions(chances.argmax(axis=1), chances)

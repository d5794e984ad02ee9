"""Linear classifiers: one sum of weighted numbers for each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import Dense, Matrix, times
from vistazo.models.plan.operation import Decisions, operation

# How probabilities follow from decision values; "none": the estimator gives none.
Link = Literal["softmax", "logistic", "none"]


@operation
@dataclass(frozen=True, eq=False)
class Linear:
    """Decision values ``rows @ weights + intercept``.

    ``weights`` (f, k) and ``intercept`` (k,), where two classes have one column, of the second.
    ``link``: softmax over the classes (of two: of 0 and the value); logistic: each by itself,
    divided by their sum (one against the rest).
    """

    weights: Dense
    intercept: NDArray[np.float64]
    link: Link

    @property
    def n_classes(self) -> int:
        return max(2, len(self.intercept))

    def decide(self, values: Matrix) -> Decisions:
        """The class of the largest value; of two the second where the value is above zero."""
        found = times(values, self.weights) + self.intercept
        one = found.shape[1] == 1
        predicted = (found[:, 0] > 0).astype(np.int64) if one else found.argmax(axis=1)
        both = np.concatenate([-found, found], axis=1) if one else found
        return Decisions(predicted, self._probabilities(found), both)

    def _probabilities(self, found: Dense) -> Dense | None:
        if self.link == "none":
            return None
        if self.link == "softmax":
            return softmax(
                np.concatenate([0 * found, found], axis=1) if len(found.T) == 1 else found
            )
        chances = logistic(found)
        if len(found.T) == 1:
            return np.concatenate([1 - chances, chances], axis=1)
        return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def softmax(values: Dense) -> Dense:
    """Of each row (n, k)."""
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def logistic(values: Dense) -> Dense:
    """1 / (1 + exp(-x)), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(values / 2)))

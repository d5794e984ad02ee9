"""Linear classifiers: one sum of weighted numbers for each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import Dense, Matrix, times
from vistazo.models.plan.operation import Decisions, operation

# How probabilities follow from decision values; "none": the estimator gives none.
Link = Literal["softmax", "mirrored", "logistic", "huber", "none"]


@operation
@dataclass(frozen=True, eq=False)
class Linear:
    """Decision values ``rows @ weights + intercept``.

    ``weights`` (f, k) and ``intercept`` (k,), where two classes have one column, of the second.
    ``link``: softmax over the classes (of two: of 0 and the value; mirrored: of minus and plus the
    value); logistic: each by itself, divided by their sum (one against the rest); huber: the same
    of ``(clip(value, -1, 1) + 1) / 2`` (Zhang, KDD 2002).
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
        return Decisions(predicted, _probabilities(found, self.link), for_both(found))


def _probabilities(found: Dense, link: Link) -> Dense | None:
    if link == "none":
        return None
    if link == "mirrored":
        return softmax(for_both(found))
    if found.shape[1] == 1:
        second = _clipped(found) if link == "huber" else logistic(found)
        return np.concatenate([1 - second, second], axis=1)
    if link == "softmax":
        return softmax(found)
    return _shares(_clipped(found)) if link == "huber" else _logistic_shares(found)


def for_both(found: Dense) -> Dense:
    """Decision values for each class: one column (n, 1) becomes minus and plus itself."""
    return np.concatenate([-found, found], axis=1) if found.shape[1] == 1 else found


def softmax(values: Dense) -> Dense:
    """Of each row (n, k)."""
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def logistic(values: Dense) -> Dense:
    """1 / (1 + exp(-x)): small ones are exact too, since shares are taken of them."""
    small = np.exp(-np.abs(values))
    return np.asarray(np.where(values >= 0, 1, small) / (1 + small))


def _logistic_shares(found: Dense) -> Dense:
    """Where all are too small to be told from zero they are as their exponentials."""
    chances = logistic(found)
    none = ~chances.any(axis=1)
    chances[none] = softmax(found[none])
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def _clipped(found: Dense) -> Dense:
    return np.asarray((np.clip(found, -1, 1) + 1) / 2)


def _shares(chances: Dense) -> Dense:
    """Equal ones where all are zero."""
    chances[~chances.any(axis=1)] = 1
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))

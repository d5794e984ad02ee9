"""Feed-forward networks of a few dense layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.linear import logistic, softmax
from vistazo.models.plan.matrix import Dense, Matrix, times
from vistazo.models.plan.operation import Decisions, operation

Activation = Literal["identity", "logistic", "tanh", "relu"]


@operation
@dataclass(frozen=True, eq=False)
class Network:
    """Layers ``activation(x @ weights + intercept)``; the last is one logistic unit, the
    probability of the second of two classes, or a softmax over the classes.
    """

    weights: tuple[Dense, ...]
    intercepts: tuple[NDArray[np.float64], ...]
    activation: Activation

    @property
    def n_classes(self) -> int:
        return max(2, len(self.intercepts[-1]))

    def decide(self, values: Matrix) -> Decisions:
        found = times(values, self.weights[0]) + self.intercepts[0]
        for weights, intercept in zip(self.weights[1:], self.intercepts[1:], strict=True):
            found = _ACTIVATIONS[self.activation](found) @ weights + intercept
        if found.shape[1] > 1:
            return Decisions(found.argmax(axis=1), softmax(found))
        second = logistic(found)
        predicted = (second[:, 0] > 0.5).astype(np.int64)
        return Decisions(predicted, np.concatenate([1 - second, second], axis=1))


def _relu(values: Dense) -> Dense:
    return np.maximum(values, 0)


def _identity(values: Dense) -> Dense:
    return values


_ACTIVATIONS: dict[str, Callable[[Dense], Dense]] = {
    "identity": _identity,
    "logistic": logistic,
    "tanh": np.tanh,
    "relu": _relu,
}

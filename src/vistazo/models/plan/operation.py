"""What every operation of a plan is.

An operation is a frozen dataclass registered with ``@operation``; its fields are arrays, numbers,
texts, other operations, and tuples of these, so that ``stored`` can write it. A field is declared
with a default only where a plan that was written before it existed means that default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import Matrix, Values

OPERATIONS: dict[str, type] = {}

_Class = TypeVar("_Class", bound=type)


def operation(kind: _Class) -> _Class:
    """Make a dataclass an operation that a stored plan may name."""
    OPERATIONS[kind.__name__] = kind
    return kind


class Transform(Protocol):
    """A step before the last: a vectorizer, a scaler, a selection."""

    def apply(self, values: Values, /) -> Matrix: ...


@dataclass(frozen=True, eq=False)
class Decisions:
    """Of n samples among k classes, in the order of ``classes_``.

    ``predicted`` (n,) are places of classes, as the estimator's ``predict`` has them: not always
    those of the largest probability. ``probabilities`` (n, k) are those of ``predict_proba``; where
    it has none, ``scores`` are decision values (n, k): of two classes minus and plus the one value
    that ``decision_function`` gives. Both are None for a vote that gives neither.
    """

    predicted: NDArray[np.int64]
    probabilities: NDArray[np.float64] | None = None
    scores: NDArray[np.float64] | None = None


class Decider(Protocol):
    """The last step: a classifier."""

    @property
    def n_classes(self) -> int: ...

    def decide(self, values: Matrix, /) -> Decisions: ...


def decided(decider: Decider, values: Values) -> Decisions:
    """Texts are given to classifiers whose members begin with a vectorizer: a vote of pipelines."""
    return decider.decide(cast("Matrix", values))

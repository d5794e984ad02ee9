"""The whole of a compiled estimator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import SparseRows, Values
from vistazo.models.plan.operation import Decider, Decisions, Transform, decided
from vistazo.models.plan.summary import Label, PlanStep, PlanSummary, Takes
from vistazo.models.plan.vectorizer import Vectorizer, vectorizers_in

_CHARACTERS_AT_A_TIME = 100_000


@dataclass(frozen=True, eq=False)
class Plan:
    """``transforms``, then ``decider``. ``labels`` are the estimator's ``classes_``, in order.

    ``n_features`` numbers make a row (0 where it takes texts), named by ``feature_names`` where the
    file has names. ``allows_missing``: a number may be missing (NaN). ``written_by`` is the
    version of scikit-learn, or empty where the file does not say. ``steps`` tell of the file.
    """

    takes: Takes
    n_features: int
    labels: tuple[Label, ...]
    transforms: tuple[Transform, ...]
    decider: Decider
    feature_names: tuple[str, ...] = ()
    allows_missing: bool = False
    written_by: str = ""
    steps: tuple[PlanStep, ...] = ()

    def transformed(self, values: Values) -> Values:
        """What the classifier at the end is given of texts, or of rows (n, n_features)."""
        for transform in self.transforms:
            values = transform.apply(values)
        return values

    def decide(self, values: Values) -> Decisions:
        """Quietly: what is too large for a number shows in what is decided.

        Of texts some at a time: a long one may become a million numbers.
        """
        with np.errstate(all="ignore"):
            parts = [decided(self.decider, self.transformed(part)) for part in _parts(values)]
        return parts[0] if len(parts) == 1 else _joined(parts)

    @cached_property
    def vectorizer(self) -> Vectorizer | None:
        """The first that texts come to; None for rows of numbers."""
        return next(vectorizers_in((self.transforms, self.decider)), None)

    @property
    def summary(self) -> PlanSummary:
        return PlanSummary(
            self.takes,
            self.n_features,
            self.labels,
            self.feature_names,
            self.allows_missing,
            self.written_by,
            self.steps,
        )


def _parts(values: Values) -> Iterator[Values]:
    if isinstance(values, (np.ndarray, SparseRows)):
        yield values
        return
    first, n_characters = 0, 0
    for place, text in enumerate(values):
        n_characters += len(text)
        if n_characters > _CHARACTERS_AT_A_TIME and place > first:
            yield values[first:place]
            first, n_characters = place, len(text)
    yield values[first:]


def _joined(parts: Sequence[Decisions]) -> Decisions:
    return Decisions(
        np.concatenate([part.predicted for part in parts]),
        _side_by_side([part.probabilities for part in parts]),
        _side_by_side([part.scores for part in parts]),
    )


def _side_by_side(parts: Sequence[NDArray[np.float64] | None]) -> NDArray[np.float64] | None:
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None

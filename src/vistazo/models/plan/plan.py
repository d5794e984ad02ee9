"""The whole of a compiled estimator."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vistazo.models.plan.matrix import Matrix, Values, as_matrix
from vistazo.models.plan.operation import Decider, Decisions, Transform
from vistazo.models.plan.summary import Label, PlanStep, PlanSummary, Takes
from vistazo.models.plan.vectorizer import Vectorizer, vectorizers_in


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

    def transformed(self, values: Values) -> Matrix:
        """What the classifier at the end is given of texts, or of rows (n, n_features)."""
        for transform in self.transforms:
            values = transform.apply(values)
        return as_matrix(values)

    def decide(self, values: Values) -> Decisions:
        """Quietly: what is too large for a number shows in what is decided."""
        with np.errstate(all="ignore"):
            return self.decider.decide(self.transformed(values))

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

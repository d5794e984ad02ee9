"""A classifier of what other classifiers say: stacking (Wolpert 1992)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.composition import side_by_side
from vistazo.models.plan.matrix import Dense, Matrix
from vistazo.models.plan.operation import Decider, Decisions, operation


@operation
@dataclass(frozen=True, eq=False)
class Stacked:
    """``final`` decides by what each member gives: ``methods`` are "predict_proba" (of two classes
    the second's), "decision_function" or "predict", which gives the number in ``labels``.

    The samples themselves come behind where they are passed ``through``.
    """

    members: tuple[Decider, ...]
    methods: tuple[str, ...]
    labels: tuple[NDArray[np.float64], ...]
    through: bool
    final: Decider

    @property
    def n_classes(self) -> int:
        return self.final.n_classes

    def decide(self, values: Matrix) -> Decisions:
        said = [
            _said(member.decide(values), method, labels)
            for member, method, labels in zip(self.members, self.methods, self.labels, strict=True)
        ]
        whole: Matrix = np.hstack(said)
        if self.through:
            whole = side_by_side([whole, values], (1.0, 1.0))
        return self.final.decide(whole)


def _said(found: Decisions, method: str, labels: NDArray[np.float64]) -> Dense:
    if method == "predict":
        return labels[found.predicted][:, None]
    known = found.probabilities if method == "predict_proba" else found.scores
    if known is None:
        raise TypeError(f"a member has no {method}")
    return known[:, 1:] if known.shape[1] == 2 else known

"""The use case for texts and rows of numbers: samples in, class probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vistazo.models.plan.plan import Label

Row = Sequence[float | None]
Sample = str | Row


@dataclass(frozen=True)
class SampleDecision:
    """``probabilities`` in label order, each in 0..1; where the estimator gives none, None, and its
    decision values in ``scores`` (None for a vote that gives neither). ``confidence`` is the
    probability of the predicted class. ``value`` stands for it in the answer of a card's route.
    """

    predicted_class: str
    value: Label
    probabilities: tuple[float, ...] | None
    scores: tuple[float, ...] | None
    confidence: float | None
    warnings: tuple[str, ...]

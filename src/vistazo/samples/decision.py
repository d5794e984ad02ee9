"""What is said of one sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.decision import UNCERTAIN
from vistazo.errors import SampleError
from vistazo.models.plan.operation import Decisions
from vistazo.models.plan.summary import Label
from vistazo.models.sample_card import SampleCard


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


def decide(
    decisions: Decisions, place: int, card: SampleCard, values: tuple[Label, ...]
) -> SampleDecision:
    """Of the sample in that place. ``values`` stand for the labels where the card gives none.

    Raises SampleError, without the sample's place, where the answer is not finite.
    """
    probabilities = _numbers(decisions.probabilities, place)
    scores = _numbers(decisions.scores, place) if probabilities is None else None
    if not np.isfinite(probabilities or scores or ()).all():
        raise SampleError(
            "The model has no finite answer: the numbers are too large, or not what it can take."
        )
    chosen = int(decisions.predicted[place])
    warnings: tuple[str, ...] = ()
    if probabilities is not None:
        chosen, warnings = _settled(chosen, probabilities, card)
    return SampleDecision(
        card.labels[chosen],
        (card.values or values)[chosen],
        probabilities,
        scores,
        None if probabilities is None else probabilities[chosen],
        warnings,
    )


def _settled(
    chosen: int, probabilities: tuple[float, ...], card: SampleCard
) -> tuple[int, tuple[str, ...]]:
    """The estimator's own choice, but where the card has a threshold or a band of doubt."""
    if not card.is_binary:
        return chosen, ()
    positive = probabilities[card.positive_index]
    if card.output.threshold is not None:
        is_positive = positive >= card.output.threshold
        chosen = card.positive_index if is_positive else 1 - card.positive_index
    band = card.output.uncertain_band
    return chosen, (UNCERTAIN,) if band and band[0] <= positive <= band[1] else ()


def _numbers(of: NDArray[np.float64] | None, place: int) -> tuple[float, ...] | None:
    return None if of is None else tuple(float(number) for number in of[place])

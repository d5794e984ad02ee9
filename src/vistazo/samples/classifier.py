"""The use case for texts and rows of numbers: samples in, class probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.decision import UNCERTAIN
from vistazo.classifier import ModelIdentity
from vistazo.errors import SampleError, TextTooCostlyError, UnknownLabelError, UnsupportedModelError
from vistazo.models.drafting import Conclusion
from vistazo.models.plan.matrix import Values
from vistazo.models.plan.operation import Decisions
from vistazo.models.plan.plan import Plan
from vistazo.models.plan.summary import Label
from vistazo.models.sample_card import SampleCard
from vistazo.observer import NOBODY, Observer, during

Row = Sequence[float | None]
Samples = Sequence[str] | Sequence[Row]


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


@dataclass(frozen=True)
class SamplePrediction:
    decision: SampleDecision
    model: ModelIdentity


class SampleClassifier:
    """Safe to use from several threads at once.

    ``conclusions`` say how each field of ``card`` is known, where no card was written;
    ``warnings`` are reasons to doubt the model or its card, whatever the sample: sentences.
    """

    def __init__(
        self,
        plan: Plan,
        card: SampleCard,
        sha256: str,
        *,
        conclusions: tuple[Conclusion, ...] = (),
        warnings: tuple[str, ...] = (),
    ) -> None:
        self.card = card
        self.conclusions = conclusions
        self.warnings = warnings
        self.takes = plan.takes
        self.n_features = plan.n_features
        self.signature = plan.summary
        self.identity = ModelIdentity(card.name, card.version, sha256)
        self._plan = plan

    def classify(
        self, samples: Samples, observer: Observer = NOBODY, *, first: int = 0
    ) -> list[SamplePrediction]:
        """One prediction each, in order. Raises InputError that names the sample: by its place,
        where ``first`` is that of the first one.
        """
        if not samples:
            return []
        values = self._rows(samples, first) if self.takes == "rows" else _texts(samples)
        with during("infer", observer), np.errstate(all="ignore"):
            decisions = self._decisions(values, first)
        return [self._prediction(decisions, place, first) for place in range(len(samples))]

    def _decisions(self, values: Values, first: int) -> Decisions:
        """Raises TextTooCostlyError that names the text."""
        try:
            return self._plan.decide(values)
        except TextTooCostlyError as error:
            texts = values if isinstance(values, list) and len(values) > 1 else []
            for place, text in enumerate(texts):  # which of them it is
                self._decisions([text], first + place)
            raise TextTooCostlyError(f"Text {first + 1}: {error}") from error

    def check_label(self, label: str | None) -> None:
        """Raises UnknownLabelError for one that the model does not have."""
        if label is not None and label not in self.card.labels:
            raise UnknownLabelError(
                f"The model has no label '{label}'. It has {', '.join(self.card.labels)}."
            )

    def warm_up(self) -> None:
        """Classify something plain. Raises UnsupportedModelError where that fails."""
        plain: Samples = ["a"] if self.takes == "texts" else [[1.0] * self.n_features]
        try:
            self.classify(plain)
        except SampleError:  # only what it makes of this sample is of no use
            pass
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise UnsupportedModelError(f"The model cannot be run: {error}") from error

    def interrupt(self) -> None:
        """What runs is short, and cannot be ended."""

    def close(self) -> None:
        """Nothing is held but memory."""

    def _rows(self, samples: Samples, first: int) -> NDArray[np.float64]:
        rows = np.empty((len(samples), self.n_features))
        for place, row in enumerate(samples):
            rows[place] = self._row(row, first + place)
        return rows

    def _row(self, row: object, place: int) -> list[float]:
        """Raises SampleError."""
        if not isinstance(row, (list, tuple)) or len(row) != self.n_features:
            found = f"{len(row)}" if isinstance(row, (list, tuple)) else "a text"
            raise SampleError(
                f"Row {place + 1} has {found} where the model takes {self.n_features} numbers."
            )
        if not self._plan.allows_missing and any(number is None for number in row):
            raise SampleError(f"Row {place + 1} lacks a number, and the model needs all of them.")
        return [float("nan") if number is None else number for number in row]

    def _prediction(self, decisions: Decisions, place: int, first: int) -> SamplePrediction:
        probabilities = _numbers(decisions.probabilities, place)
        scores = _numbers(decisions.scores, place) if probabilities is None else None
        if not np.isfinite(probabilities or scores or ()).all():
            raise SampleError(
                f"The model has no finite answer to sample {first + place + 1}: its numbers are "
                "too large, or not what the model can take."
            )
        chosen = int(decisions.predicted[place])
        warnings: tuple[str, ...] = ()
        if probabilities is not None:
            chosen, warnings = self._settled(chosen, probabilities)
        decision = SampleDecision(
            self.card.labels[chosen],
            (self.card.values or self._plan.labels)[chosen],
            probabilities,
            scores,
            None if probabilities is None else probabilities[chosen],
            warnings,
        )
        return SamplePrediction(decision, self.identity)

    def _settled(
        self, chosen: int, probabilities: tuple[float, ...]
    ) -> tuple[int, tuple[str, ...]]:
        """The estimator's own choice, but where the card has a threshold or a band of doubt."""
        card = self.card
        if not card.is_binary:
            return chosen, ()
        positive = probabilities[card.positive_index]
        if card.output.threshold is not None:
            is_positive = positive >= card.output.threshold
            chosen = card.positive_index if is_positive else 1 - card.positive_index
        band = card.output.uncertain_band
        return chosen, (UNCERTAIN,) if band and band[0] <= positive <= band[1] else ()


def _texts(samples: Samples) -> list[str]:
    """Raises SampleError where there is anything else."""
    texts = [sample for sample in samples if isinstance(sample, str)]
    if len(texts) < len(samples):
        raise SampleError("The model takes texts, not rows of numbers.")
    return texts


def _numbers(of: NDArray[np.float64] | None, place: int) -> tuple[float, ...] | None:
    return None if of is None else tuple(float(number) for number in of[place])

"""The use case for texts and rows of numbers: samples in, class probabilities out."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.explanation.words import WordEvidence, word_evidence
from vistazo.answers.likeness import OUT_OF_DISTRIBUTION
from vistazo.answers.reference import Reference
from vistazo.answers.text_likeness import TextLikeness, text_likeness
from vistazo.classifier import ModelIdentity, OutOfDistributionPolicy
from vistazo.errors import (
    BrokenRule,
    InputError,
    RejectedUploadError,
    RequestError,
    SampleError,
    UnknownLabelError,
    UnsupportedModelError,
)
from vistazo.models.drafting import Conclusion
from vistazo.models.plan.operation import Decisions
from vistazo.models.plan.plan import Plan
from vistazo.models.sample_card import SampleCard
from vistazo.observer import NOBODY, Observer, during
from vistazo.samples.decision import SampleDecision, decide

Row = Sequence[float | None]
Samples = Sequence[str] | Sequence[Row]


@dataclass(frozen=True)
class SamplePrediction:
    """``in_distribution`` says whether a text looks like those of training; None of a row.

    ``language`` is how familiar the reference is with its letters (``Letters.familiarity``): None
    without a reference of texts, and of a text without letters.
    """

    decision: SampleDecision
    model: ModelIdentity
    in_distribution: TextLikeness | None = None
    language: float | None = None


class SampleClassifier:
    """Safe to use from several threads at once.

    ``conclusions`` say how each field of ``card`` is known, where no card was written;
    ``warnings`` are reasons to doubt the model or its card, whatever the sample: sentences.
    ``reference`` is what answers were like where the model was measured, None where that is not
    known.
    """

    def __init__(
        self,
        plan: Plan,
        card: SampleCard,
        sha256: str,
        *,
        reference: Reference | None = None,
        out_of_distribution: OutOfDistributionPolicy = "warn",
        conclusions: tuple[Conclusion, ...] = (),
        warnings: tuple[str, ...] = (),
    ) -> None:
        self.card = card
        self.conclusions = conclusions
        self.warnings = warnings
        self.takes = plan.takes
        self.n_features = plan.n_features
        self.signature = plan.summary
        self.runtime = None  # plain arithmetic
        self.reference = reference
        self.identity = ModelIdentity(card.name, card.version, sha256)
        self._plan = plan
        # Work on texts is Python's own: two threads of it only take the turn from each other, which
        # halved the answers to requests of 100 texts.
        self._turn = threading.Lock() if plan.takes == "texts" else contextlib.nullcontext()
        self._policy = out_of_distribution

    def classify(
        self, samples: Samples, observer: Observer = NOBODY, *, first: int = 0
    ) -> list[SamplePrediction]:
        """One prediction each, in order. Raises InputError that names the sample: by its place,
        where ``first`` is that of the first one.
        """
        if not samples:
            return []
        vectorizer = self._plan.vectorizer
        keeping = vectorizer.analysis.keeping() if vectorizer else contextlib.nullcontext()
        with self._turn, keeping:
            return self._classified(samples, observer, first)

    def _classified(
        self, samples: Samples, observer: Observer, first: int
    ) -> list[SamplePrediction]:
        values = self._rows(samples, first) if self.takes == "rows" else _texts(samples)
        # Numbers that are too large make others that are none: ``decide`` says so.
        with during("infer", observer), np.errstate(all="ignore"):
            decisions = self._decisions(values, first)
        predictions = []
        for place, sample in enumerate(samples):
            with self._naming(first + place):
                predictions.append(self._prediction(decisions, place, sample, first))
        return predictions

    def explain(
        self,
        text: str,
        label: str | None = None,
        observer: Observer = NOBODY,
        *,
        first: int = 0,
    ) -> tuple[SamplePrediction, WordEvidence]:
        """Classify, and find the words that speak for ``label``, by default the predicted class.

        Raises InputError as ``classify``, UnknownLabelError, and RequestError for rows of numbers.
        """
        if self.takes != "texts":
            raise RequestError("Of texts and pictures it can be said what spoke for a label.")
        self.check_label(label)
        [prediction] = self.classify([text], observer, first=first)
        label = label or prediction.decision.predicted_class
        with during("explain", observer), self._naming(first), np.errstate(all="ignore"):
            found = word_evidence(self._plan, text, label, self.card.labels.index(label))
        return prediction, found

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
        except InputError:  # only what it makes of this sample is of no use
            pass
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise UnsupportedModelError(f"The model cannot be run: {error}") from error

    def interrupt(self) -> None:
        """What runs is short, and cannot be ended."""

    def close(self) -> None:
        """Nothing is held but memory."""

    def _decisions(self, values: list[str] | NDArray[np.float64], first: int) -> Decisions:
        """Raises InputError that names the sample."""
        try:
            return self._plan.decide(values)
        except InputError:
            for place in range(len(values)):  # which of them it is
                with self._naming(first + place):
                    self._plan.decide(values[place : place + 1])
            raise

    @contextlib.contextmanager
    def _naming(self, place: int) -> Iterator[None]:
        """Puts a sample's place before the words of an InputError."""
        try:
            yield
        except RejectedUploadError:  # it says so itself
            raise
        except InputError as error:
            raise type(error)(f"{self._name(place)}: {error}") from error

    def _name(self, place: int) -> str:
        return f"{'Text' if self.takes == 'texts' else 'Row'} {place + 1}"

    def _rows(self, samples: Samples, first: int) -> NDArray[np.float64]:
        rows = np.empty((len(samples), self.n_features))
        for place, row in enumerate(samples):
            with self._naming(first + place):
                rows[place] = self._row(row)
        return rows

    def _row(self, row: object) -> list[float]:
        """Raises SampleError."""
        if not isinstance(row, (list, tuple)) or len(row) != self.n_features:
            found = f"{len(row)} numbers" if isinstance(row, (list, tuple)) else "a text"
            raise SampleError(f"It has {found} where the model takes {self.n_features} numbers.")
        if not self._plan.allows_missing and any(number is None for number in row):
            raise SampleError("It lacks a number, and the model needs all of them.")
        return [float("nan") if number is None else number for number in row]

    def _prediction(
        self, decisions: Decisions, place: int, sample: object, first: int
    ) -> SamplePrediction:
        """Raises SampleError, and RejectedUploadError where strange texts are."""
        decision = decide(decisions, place, self.card, self._plan.labels)
        language = self._language(sample)
        if self._policy == "off" or not (isinstance(sample, str) and self.card.task == "text"):
            return SamplePrediction(decision, self.identity, None, language)
        likeness = text_likeness(self._plan, sample, self.card.input)
        if likeness is not None and not likeness.verdict:
            if self._policy == "reject":
                raise RejectedUploadError([self._unlike_training(first + place)])
            warnings = (*decision.warnings, OUT_OF_DISTRIBUTION)
            decision = replace(decision, warnings=warnings)
        return SamplePrediction(decision, self.identity, likeness, language)

    def _language(self, sample: object) -> float | None:
        letters = self.reference.letters if self.reference is not None else None
        return letters.familiarity(sample) if letters and isinstance(sample, str) else None

    def _unlike_training(self, place: int) -> BrokenRule:
        return BrokenRule(
            "in_distribution",
            f"{self._name(place)} does not look like those that the model '{self.card.name}' was "
            "made for.",
        )


def _texts(samples: Samples) -> list[str]:
    """Raises SampleError where there is anything else."""
    texts = [sample for sample in samples if isinstance(sample, str)]
    if len(texts) < len(samples):
        raise SampleError("The model takes texts, not rows of numbers.")
    return texts

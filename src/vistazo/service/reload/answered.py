"""What a request was answered, and what another model says of the same picture, text or row."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vistazo.classifier import Classifier, ModelIdentity, Prediction
from vistazo.loading import AnyClassifier
from vistazo.models.card import InputSpec
from vistazo.samples.classifier import SamplePrediction, Samples
from vistazo.service.reload.agreement import Opinion


class Answered(Protocol):
    """``model`` is the one that answered."""

    @property
    def model(self) -> ModelIdentity: ...

    def may_be_asked(self, later: AnyClassifier) -> bool:
        """Whether the other model takes the same kind of input."""

    def opinion(self) -> Opinion:
        """Of the model that answered."""

    def second_opinion(self, later: AnyClassifier, is_ended: threading.Event) -> Opinion | None:
        """Of the other model. None where it was ended before that one ran."""


@dataclass(frozen=True, eq=False)
class AnsweredPicture:
    """A picture, encoded and as the model that answered was given it, and what that one said.

    ``data`` is None of one that was not sent as a file: only a model that wants the same input can
    be asked of it.
    """

    data: bytes | None
    pixels: NDArray[np.float32]
    spec: InputSpec
    labels: tuple[str, ...]
    prediction: Prediction
    seconds: float

    @property
    def model(self) -> ModelIdentity:
        return self.prediction.model

    def may_be_asked(self, later: AnyClassifier) -> bool:
        if not isinstance(later, Classifier):
            return False
        return self.data is not None or later.card.input == self.spec

    def opinion(self) -> Opinion:
        return _of_picture(self.prediction, self.labels, self.seconds)

    @property
    def _frame(self) -> int | None:
        said = self.prediction.radiograph
        return None if said is None else said.frame

    def second_opinion(self, later: AnyClassifier, is_ended: threading.Event) -> Opinion | None:
        """Of the same input; decoded once more where the two models want it otherwise."""
        if not isinstance(later, Classifier):
            raise TypeError("another kind of model")
        pixels = self.pixels
        if self.data is not None and later.card.input != self.spec:
            pixels = later.at_frame(self._frame).prepared(self.data).pixels
        if is_ended.is_set():
            return None
        started = time.perf_counter()
        prediction = later.score(pixels)
        return _of_picture(prediction, later.card.labels, time.perf_counter() - started)


@dataclass(frozen=True, eq=False)
class AnsweredSample:
    """A text, or a row of numbers, alone in its list, and what the model that answered said."""

    sample: Samples
    takes: str
    labels: tuple[str, ...]
    prediction: SamplePrediction
    seconds: float

    @property
    def model(self) -> ModelIdentity:
        return self.prediction.model

    def may_be_asked(self, later: AnyClassifier) -> bool:
        return taken_by(later) == self.takes

    def opinion(self) -> Opinion:
        return _of_sample(self.prediction, self.labels, self.seconds)

    def second_opinion(self, later: AnyClassifier, is_ended: threading.Event) -> Opinion | None:
        if isinstance(later, Classifier):
            raise TypeError("another kind of model")
        if is_ended.is_set():
            return None
        started = time.perf_counter()
        [prediction] = later.classify(self.sample)
        return _of_sample(prediction, later.card.labels, time.perf_counter() - started)


def taken_by(classifier: AnyClassifier) -> str:
    """What it takes, in a word: pictures, texts or rows."""
    return "pictures" if isinstance(classifier, Classifier) else classifier.takes


def _of_picture(prediction: Prediction, labels: Sequence[str], seconds: float) -> Opinion:
    decision = prediction.decision
    probabilities = dict(zip(labels, decision.probabilities, strict=True))
    return Opinion(decision.predicted_class, probabilities, seconds)


def _of_sample(prediction: SamplePrediction, labels: Sequence[str], seconds: float) -> Opinion:
    """An estimator that gives no probabilities is taken to be sure."""
    decision = prediction.decision
    chosen = decision.predicted_class
    shares = decision.probabilities or [float(label == chosen) for label in labels]
    return Opinion(chosen, dict(zip(labels, shares, strict=True)), seconds)

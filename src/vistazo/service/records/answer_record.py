"""What is kept of one answer, and what somebody says of it later."""

from __future__ import annotations

from dataclasses import dataclass

from vistazo.classifier import ModelIdentity, Prediction
from vistazo.samples.classifier import SamplePrediction


@dataclass(frozen=True, slots=True)
class Caller:
    """``owner`` is the same at each of his requests and of nobody else's; ``name`` is that of his
    key, as the log has it. Both are empty where nobody is asked for a key.
    """

    owner: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """One answer: the ``index``-th of the request ``request_id``, at ``at_ms`` (Unix time).

    ``labels`` are those of the model. ``picture`` are the bytes that were sent, where pictures are
    kept, and of nothing else.
    """

    request_id: str
    index: int
    at_ms: int
    caller: Caller
    labels: tuple[str, ...]
    prediction: Prediction | SamplePrediction
    picture: bytes | None = None

    @property
    def model(self) -> ModelIdentity:
        return self.prediction.model


@dataclass(frozen=True, slots=True)
class Feedback:
    """What was true of the ``index``-th answer to a request of this caller."""

    request_id: str
    index: int
    label: str
    caller: Caller


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer of which it is known now what was true."""

    predicted_class: str
    agrees: bool

"""What a request asks, once it is read: jobs for a worker, and how their answers are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from vistazo.api.protocols.given_answer import GivenAnswer
from vistazo.classifier import Prediction
from vistazo.samples.classifier import SamplePrediction
from vistazo.service.reload import Answered


@dataclass(frozen=True)
class Done:
    """By one job: the answers, and what is told of them to whoever measures and keeps answers.

    ``labels`` are the model's, ``picture`` is what records are given of the file that it was of.
    """

    labels: tuple[str, ...]
    answers: Sequence[GivenAnswer]
    predictions: Sequence[Prediction | SamplePrediction]
    picture: bytes | None = None
    for_shadow: Answered | None = None


Job = Callable[[], Done]


@dataclass(frozen=True)
class Question:
    """``write`` is for a worker, but where the answer ``is_short``. ``is_further_look`` is as of an
    observation.
    """

    jobs: Sequence[Job]
    write: Callable[[Sequence[GivenAnswer]], Response]
    is_short: bool
    is_further_look: bool = False

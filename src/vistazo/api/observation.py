"""One request, as it is told to the measurements."""

from __future__ import annotations

from dataclasses import dataclass

from vistazo.api.schemas import Problem
from vistazo.classifier import Prediction
from vistazo.observer import Stage
from vistazo.service.metrics import Metrics


@dataclass(frozen=True)
class Ended:
    """What became of a request. ``refused`` are the problems that it was answered with."""

    path: str
    method: str
    status: int
    seconds: float
    refused: list[Problem]

    @property
    def code(self) -> str:
        """Of the problem that is the answer; empty where the answer is none."""
        return self.refused[-1].code if self.refused and self.status >= 400 else ""


class Observation:
    """An observer (``vistazo.observer``) of one request."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def took(self, stage: Stage, seconds: float) -> None:
        self._metrics.took(stage, seconds)

    def predicted(self, prediction: Prediction) -> None:
        self._metrics.predicted(prediction)

    def end(self, ended: Ended) -> None:
        # The files of the page are one path: nobody wants to tell them apart.
        path = "/page/" if ended.path.startswith("/page/") else ended.path
        self._metrics.request_ended(path, ended.method, ended.status, ended.code, ended.seconds)
        self._metrics.refused(problem.code for problem in ended.refused)

"""One request, as it is told to the measurements and to its trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vistazo.api.schemas import Problem
from vistazo.classifier import Prediction
from vistazo.observer import Stage
from vistazo.service.metrics import Metrics

if TYPE_CHECKING:  # the traces are an extra
    from vistazo.service.tracing import RequestTrace, Tracing


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

    def __init__(self, metrics: Metrics, trace: RequestTrace | None = None) -> None:
        self._metrics = metrics
        self._trace = trace

    @property
    def trace_id(self) -> str | None:
        return None if self._trace is None else self._trace.trace_id

    def took(self, stage: Stage, seconds: float) -> None:
        self._metrics.took(stage, seconds)
        if self._trace is not None:
            self._trace.took(stage, seconds)

    def predicted(self, prediction: Prediction) -> None:
        self._metrics.predicted(prediction)

    def end(self, ended: Ended) -> None:
        # The files of the page are one path: nobody wants to tell them apart.
        path = "/page/" if ended.path.startswith("/page/") else ended.path
        self._metrics.request_ended(path, ended.method, ended.status, ended.code, ended.seconds)
        self._metrics.refused(problem.code for problem in ended.refused)
        if self._trace is not None:
            self._trace.end(_known(ended.method), _known(ended.path), ended.status, ended.code)


def _known(name: str) -> str | None:
    """None for the word that stands for all that are not the service's."""
    return None if name.startswith("(") else name


@dataclass(frozen=True)
class Observatory:
    """Where requests are observed."""

    metrics: Metrics
    tracing: Tracing | None = None

    def begin(self, path: str, traceparent: str) -> Observation:
        """What machines ask for again and again has no trace."""
        if self.tracing is None or is_routine(path):
            return Observation(self.metrics)
        return Observation(self.metrics, self.tracing.request(traceparent))


def is_routine(path: str) -> bool:
    """What machines ask for, again and again."""
    return path.startswith(("/health/", "/metrics"))

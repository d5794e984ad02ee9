"""One request, as it is told to the measurements and to its trace."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vistazo.api.schemas import Problem
from vistazo.classifier import Prediction
from vistazo.observer import Stage
from vistazo.samples.classifier import SamplePrediction
from vistazo.service.drift.monitor import Monitor
from vistazo.service.metrics import Metrics

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

    from vistazo.service.tracing import RequestTrace, Tracing  # an extra

log = logging.getLogger(__name__)

_NO_TRACING = (
    "OTEL_EXPORTER_OTLP_ENDPOINT is set, but what sends traces is not installed: "
    "pip install -r scripts/requirements/tracing.txt"
)

# The framework's own, which tells paths, queries and addresses as they came, and quotes exceptions,
# as soon as anything in the process sets a global provider.
NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


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

    def __init__(
        self,
        metrics: Metrics,
        trace: RequestTrace | None = None,
        monitor: Monitor | None = None,
    ) -> None:
        self._metrics = metrics
        self._trace = trace
        self._monitor = monitor
        # The same picture as before, for another label's heatmap or for what the model saw: how
        # often somebody looks at it is no drift.
        self.is_further_look = False

    @property
    def trace_id(self) -> str | None:
        return None if self._trace is None else self._trace.trace_id

    def took(self, stage: Stage, seconds: float) -> None:
        self._metrics.took(stage, seconds)
        if self._trace is not None:
            self._trace.took(stage, seconds)

    def predicted(self, prediction: Prediction | SamplePrediction) -> None:
        self._metrics.predicted(prediction)
        if self._monitor is not None and not self.is_further_look:
            self._monitor.see(prediction)

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
    monitor: Monitor | None = None

    @staticmethod
    def of(metrics: Metrics, collector: str | None, monitor: Monitor | None = None) -> Observatory:
        """With traces, where there is a collector (its address) and what it takes is installed."""
        if collector is None:
            return Observatory(metrics, monitor=monitor)
        try:
            from vistazo.service.tracing import Tracing
        except ImportError:
            log.warning("traces are not sent", extra={"reason": _NO_TRACING})
            return Observatory(metrics, monitor=monitor)
        return Observatory(metrics, Tracing.to(collector), monitor)

    def begin(self, path: str, traceparent: str) -> Observation:
        """What machines ask for again and again has no trace."""
        if self.tracing is None or is_routine(path):
            return Observation(self.metrics, monitor=self.monitor)
        return Observation(self.metrics, self.tracing.request(traceparent), self.monitor)

    def close(self) -> None:
        if self.tracing is not None:
            self.tracing.close()


def is_routine(path: str) -> bool:
    """What machines ask for, again and again."""
    return path.startswith(("/health/", "/metrics"))

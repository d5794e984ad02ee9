"""One request, as it is told to the measurements and to its trace."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vistazo.api.callers import CALLER
from vistazo.api.schemas import Problem
from vistazo.classifier import Prediction
from vistazo.observer import Stage
from vistazo.samples.classifier import SamplePrediction
from vistazo.service import telemetry
from vistazo.service.drift.monitor import Monitor
from vistazo.service.metrics import Metrics
from vistazo.service.records.answer_record import AnswerRecord, Caller

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

    from vistazo.service.records.records import Records  # it loads SQLite
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
    """An observer (``vistazo.observer``) of one request, whose ``scope`` says who asks."""

    def __init__(
        self,
        metrics: Metrics,
        trace: RequestTrace | None = None,
        monitor: Monitor | None = None,
        records: Records | None = None,
        scope: Mapping[str, Any] | None = None,
    ) -> None:
        self._metrics = metrics
        self._trace = trace
        self._monitor = monitor
        self._records = records
        self._scope = scope or {}
        # The same picture as before, for another label's heatmap or for what the model saw: how
        # often somebody looks at it is no drift.
        self.is_further_look = False

    @property
    def trace_id(self) -> str | None:
        return None if self._trace is None else self._trace.trace_id

    @property
    def keeps_pictures(self) -> bool:
        return self._records is not None and self._records.policy.keeps_pictures

    def took(self, stage: Stage, seconds: float) -> None:
        self._metrics.took(stage, seconds)
        if self._trace is not None:
            self._trace.took(stage, seconds)

    def predicted(
        self,
        prediction: Prediction | SamplePrediction,
        labels: tuple[str, ...],
        *,
        index: int = 0,
        picture: bytes | None = None,
    ) -> None:
        """An answer that somebody gets: the ``index``-th of its request, by a model of these
        ``labels``. ``picture`` is what may be kept of the one that it was to: no header of DICOM.
        """
        self._metrics.predicted(prediction)
        if self._monitor is not None and not self.is_further_look:
            self._monitor.see(prediction)
        if self._records is not None:
            at_ms, request_id = time.time_ns() // 1_000_000, telemetry.request_id.get() or ""
            kept = picture if self.keeps_pictures else None
            caller = record_caller(self._scope)
            self._records.keep(
                AnswerRecord(request_id, index, at_ms, caller, labels, prediction, kept)
            )

    def end(self, ended: Ended) -> None:
        # The files of the page are one path: nobody wants to tell them apart.
        path = "/page/" if ended.path.startswith("/page/") else ended.path
        self._metrics.request_ended(path, ended.method, ended.status, ended.code, ended.seconds)
        self._metrics.refused(problem.code for problem in ended.refused)
        self._scope = {}  # which holds this: neither would be free before somebody collects
        if self._trace is not None:
            self._trace.end(_known(ended.method), _known(ended.path), ended.status, ended.code)


def record_caller(scope: Mapping[str, Any]) -> Caller:
    """Who asks, as records tell it: never an address."""
    state = scope.get("state", {})
    return Caller(str(state.get(CALLER) or ""), str(state.get("caller_name") or ""))


def _known(name: str) -> str | None:
    """None for the word that stands for all that are not the service's."""
    return None if name.startswith("(") else name


@dataclass(frozen=True)
class Observatory:
    """Where requests are observed."""

    metrics: Metrics
    tracing: Tracing | None = None
    monitor: Monitor | None = None
    records: Records | None = None

    @staticmethod
    def of(
        metrics: Metrics,
        collector: str | None,
        monitor: Monitor | None = None,
        records: Records | None = None,
    ) -> Observatory:
        """With traces, where there is a collector: its address."""
        tracing = None if collector is None else _tracing_to(collector)
        return Observatory(metrics, tracing, monitor, records)

    def begin(
        self, path: str, traceparent: str, scope: Mapping[str, Any] | None = None
    ) -> Observation:
        """What machines ask for again and again has no trace."""
        trace = None
        if self.tracing is not None and not is_routine(path):
            trace = self.tracing.request(traceparent)
        return Observation(self.metrics, trace, self.monitor, self.records, scope)

    def close(self) -> None:
        """Send and write down what is left of both."""
        if self.tracing is not None:
            self.tracing.close()
        if self.records is not None:
            self.records.close()


def _tracing_to(collector: str) -> Tracing | None:
    """None where what it takes is not installed."""
    try:
        from vistazo.service.tracing import Tracing
    except ImportError:
        log.warning("traces are not sent", extra={"reason": _NO_TRACING})
        return None
    return Tracing.to(collector)


def is_routine(path: str) -> bool:
    """What machines ask for, again and again."""
    return path.startswith(("/health/", "/metrics", "/v2/health/"))

"""Traces by OpenTelemetry: one span a request, one for each stage of its work.

Names and attributes follow the semantic conventions for HTTP servers, as far as they do not quote
the caller: no query, no path as it was typed, no address, no header, no words of an exception.
Imported only where traces are wanted: it needs the extra ``tracing``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from vistazo import __version__
from vistazo.observer import Stage

log = logging.getLogger(__name__)

# A collector that does not answer shall not hold up the end of the process.
_LONGEST_FLUSH_S = 3.0
_NS = 1_000_000_000


class _Exporter(OTLPSpanExporter):
    """Says in our words that a collector takes nothing: those of the library quote its address."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        if result is not SpanExportResult.SUCCESS:
            log.warning("traces cannot be sent", extra={"spans": len(spans)})
        return result


class Tracing:
    """Everything beside the endpoint is set by the variables of OpenTelemetry (OTEL_...)."""

    def __init__(self, processor: SpanProcessor) -> None:
        own = Resource({"service.name": "vistazo", "service.version": __version__})
        resource = own.merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("vistazo", __version__)

    @staticmethod
    def to(endpoint: str) -> Tracing:
        """Send them in batches to a collector, by OTLP over HTTP."""
        return Tracing(BatchSpanProcessor(_Exporter(f"{endpoint.rstrip('/')}/v1/traces")))

    def request(self, traceparent: str) -> RequestTrace:
        """Begin one, within the caller's trace where he names it (W3C Trace Context).

        Of his ``tracestate`` nothing is taken over: it may hold anything.
        """
        context = TraceContextTextMapPropagator().extract({"traceparent": traceparent})
        span = self._tracer.start_span("HTTP", context, SpanKind.SERVER)
        return RequestTrace(self._tracer, span)

    def close(self) -> None:
        """Send what is left; wait a little for that."""
        flushing = threading.Thread(target=self._provider.shutdown, daemon=True)
        flushing.start()
        flushing.join(_LONGEST_FLUSH_S)


class RequestTrace:
    """The span of one request. An observer (``vistazo.observer``)."""

    def __init__(self, tracer: Tracer, span: Span) -> None:
        self._tracer = tracer
        self._span = span
        self._context = set_span_in_context(span)

    @property
    def trace_id(self) -> str:
        return f"{self._span.get_span_context().trace_id:032x}"

    def took(self, stage: Stage, seconds: float) -> None:
        ended_ns = time.time_ns()
        started_ns = ended_ns - int(seconds * _NS)
        self._tracer.start_span(stage, self._context, start_time=started_ns).end(ended_ns)

    def end(self, method: str | None, route: str | None, status: int, code: str) -> None:
        """``method`` and ``route`` are None where they are not the service's own."""
        span = self._span
        span.update_name(f"{method or 'HTTP'} {route}" if route else method or "HTTP")
        span.set_attribute("http.request.method", method or "_OTHER")
        span.set_attribute("http.response.status_code", status)
        if route:
            span.set_attribute("http.route", route)
        if code:
            span.set_attribute("vistazo.code", code)
        if status >= 500:
            span.set_attribute("error.type", code or str(status))
            span.set_status(StatusCode.ERROR)
        span.end()

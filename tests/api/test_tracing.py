"""Traces: what a collector is told of a request."""

from __future__ import annotations

import logging
import socket
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from builders import encoded, flat
from otlp_receiver import Receiver, attributes, receiving
from vistazo.errors import VistazoError
from vistazo.service import telemetry

FILE = {"file": ("perez.png", encoded(flat(230)))}
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_a_request_is_a_span_with_its_stages_below_it(serving: Any, collector: Receiver) -> None:
    with serving(otel_exporter_otlp_endpoint=f"{collector.url}/") as client:
        assert client.post("/predict", files=FILE).status_code == 200
    [request] = collector.named("POST /predict")
    stages = [span for span in collector.spans if span.parent_span_id == request.span_id]
    assert [span.name for span in stages] == ["queue", "decode", "prepare", "infer"]
    for stage in stages:
        assert stage.trace_id == request.trace_id
        assert request.start_time_unix_nano <= stage.start_time_unix_nano
        assert stage.start_time_unix_nano <= stage.end_time_unix_nano
        assert stage.end_time_unix_nano <= request.end_time_unix_nano
    assert attributes(request) == {
        "http.request.method": "POST", "http.response.status_code": 200, "http.route": "/predict",
    }  # fmt: skip
    assert request.kind == 2  # a server's


def test_a_caller_who_traces_finds_the_request_in_his_trace(
    serving: Any, collector: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"traceparent": CALLER, "tracestate": "perez=perez"}
    with (
        serving(otel_exporter_otlp_endpoint=collector.url) as client,
        caplog.at_level(logging.INFO),
    ):
        caplog.handler.setFormatter(telemetry.formatter("json"))
        client.post("/predict", files=FILE, headers=headers)
        for nonsense in ("perez", CALLER.replace("0af", "perez"), "00-" + "0" * 32 + CALLER[35:]):
            client.get("/model", headers={"traceparent": nonsense})
    [request] = collector.named("POST /predict")
    assert request.trace_id.hex() == CALLER[3:35]
    assert request.parent_span_id.hex() == CALLER[36:52]
    assert f'"trace_id": "{CALLER[3:35]}"' in caplog.text
    others = collector.named("GET /model")
    assert len({span.trace_id for span in others} - {request.trace_id}) == 3
    assert not any(b"perez" in body for body in collector.bodies)


def test_what_the_service_does_not_have_is_not_named(serving: Any, collector: Receiver) -> None:
    with serving(otel_exporter_otlp_endpoint=collector.url) as client:
        client.get("/perez?perez=perez")
        client.request("PEREZ", "/predict")
    unknown, method = (attributes(collector.named(name)[0]) for name in ("GET", "HTTP /predict"))
    assert unknown == {
        "http.request.method": "GET", "http.response.status_code": 404, "vistazo.code": "not_found",
    }  # fmt: skip
    assert method["http.request.method"] == "_OTHER"
    assert not any(b"perez" in body.lower() for body in collector.bodies)


def test_an_error_of_ours_is_an_error_in_the_trace_without_its_words(
    serving: Any, collector: Receiver
) -> None:
    def fail(*_: object) -> None:
        raise VistazoError("perez")

    with serving(otel_exporter_otlp_endpoint=collector.url) as client:
        client.app.state.service.classifier._engine.run = fail
        assert client.post("/predict", files=FILE).status_code == 500
    [request] = collector.named("POST /predict")
    assert request.status.code == 2
    assert attributes(request)["error.type"] == "internal"
    assert not any(b"perez" in body for body in collector.bodies)


def test_what_machines_ask_for_again_and_again_has_no_trace(
    serving: Any, collector: Receiver
) -> None:
    with serving(otel_exporter_otlp_endpoint=collector.url) as client:
        client.get("/health/live")
        client.get("/metrics")
    assert not collector.spans


def test_a_collector_that_is_away_is_told_in_the_log_and_holds_nobody_up(
    serving: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vistazo.service.tracing._LONGEST_FLUSH_S", 0.2)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.1")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        away = f"http://127.0.0.1:{probe.getsockname()[1]}/s3cret"
    with serving(otel_exporter_otlp_endpoint=away) as client:
        assert client.post("/predict", files=FILE).status_code == 200
        closing_s = time.monotonic()
    assert time.monotonic() - closing_s < 2
    deadline_s = time.monotonic() + 5
    while "traces cannot be sent" not in caplog.text and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert "traces cannot be sent" in caplog.text


def test_without_the_extra_the_service_says_what_to_install_and_serves(
    serving: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "vistazo.service.tracing", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with serving(otel_exporter_otlp_endpoint="http://127.0.0.1:4318") as client:
        assert client.post("/predict", files=FILE).status_code == 200
    [line] = [record for record in caplog.records if record.message == "traces are not sent"]
    assert "pip install -r scripts/requirements/tracing.txt" in vars(line)["reason"]


def test_where_no_traces_are_wanted_nothing_is_imported_for_them(
    serving: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "vistazo.service.tracing", raising=False)
    with serving() as client:
        assert client.post("/predict", files=FILE).status_code == 200
    assert "vistazo.service.tracing" not in sys.modules


def test_the_framework_traces_nothing_by_itself(
    serving: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: provider)
    with serving() as client:
        client.post("/predict?perez=perez", files=FILE)
    assert not spans.get_finished_spans()

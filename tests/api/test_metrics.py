"""GET /metrics: what it counts, and that nobody can make it grow."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from builders import BrightnessEngine, brightness_classifier, encoded, evenness, film, flat
from metric_samples import measured
from vistazo.api.app import create_app
from vistazo.api.limits import RequestContext
from vistazo.api.observation import Ended, Observation, Observatory
from vistazo.errors import CardError
from vistazo.observer import STAGES
from vistazo.service.metrics import Metrics, watch_workers
from vistazo.service.settings import Settings

MANUAL = Path(__file__).parents[2] / "docs" / "metrics.md"
SOUND, TEXT = encoded(flat(230)), b"no picture"


def predict(client: TestClient, data: bytes = SOUND, path: str = "/predict") -> int:
    return client.post(path, files={"file": ("perez.png", data)}).status_code


def test_an_answer_is_counted_by_path_status_class_and_stage(serving: Any) -> None:
    with serving() as client:
        assert predict(client) == predict(client, path="/predict?explain=true") == 200
        figures = measured(client)
    assert figures["vistazo_requests_total"]["", "POST", "/predict", "200"] == 2
    assert figures["vistazo_request_duration_seconds_count"]["/predict", "2xx"] == 2
    assert 0 < figures["vistazo_request_duration_seconds_sum"]["/predict", "2xx"] < 60
    assert figures["vistazo_predictions_total"] == {("BRIGHT",): 2}
    stages = figures["vistazo_stage_duration_seconds_count"]
    assert stages == {(stage,): 1 if stage == "explain" else 2 for stage in STAGES}


def test_refusals_are_counted_by_code_those_in_a_batch_too(serving: Any) -> None:
    with serving() as client:
        assert predict(client, TEXT) == 415
        files = [("file", ("perez.png", data)) for data in (SOUND, TEXT, b"")]
        client.post("/predict/batch", files=files)
        client.get("/perez")
        figures = measured(client)
    requests = figures["vistazo_requests_total"]
    assert requests["unsupported_format", "POST", "/predict", "415"] == 1
    assert requests["", "POST", "/predict/batch", "200"] == 1
    assert requests["not_found", "GET", "(unknown)", "404"] == 1
    figures["vistazo_refusals_total"].pop(("not_ready",), None)  # who asked while it was starting
    assert figures["vistazo_refusals_total"] == {
        ("unsupported_format",): 2, ("corrupt_image",): 1, ("not_found",): 1,
    }  # fmt: skip


def test_warnings_and_likeness_are_counted() -> None:
    def load() -> Any:
        return brightness_classifier(BrightnessEngine(maps=True), baseline=evenness())

    with TestClient(create_app(Settings(threads=1), load=load)) as client:
        while client.get("/health/ready").status_code == 503:
            pass
        assert predict(client) == predict(client, encoded(film())) == 200
        figures = measured(client)
    assert figures["vistazo_warnings_total"] == {("out_of_distribution",): 1}
    assert figures["vistazo_in_distribution_score_count"] == {(): 2}
    assert figures["vistazo_in_distribution_score_bucket"]["0.5",] == 1


def test_work_that_is_held_up_can_be_seen(serving: Any) -> None:
    gate = threading.Event()
    with serving(gate, queue_size=2) as client, ThreadPoolExecutor(2) as callers:
        asked = [callers.submit(predict, client) for _ in range(2)]
        while client.app.state.service.admission.requests < 2:
            time.sleep(0.001)
        figures = measured(client)
        gate.set()
        assert [one.result() for one in asked] == [200, 200]
        after = measured(client)
    assert (figures["vistazo_places"][()], figures["vistazo_places_held"][()]) == (3, 2)
    assert (figures["vistazo_workers"][()], figures["vistazo_workers_busy"][()]) == (1, 1)
    assert figures["vistazo_requests_waiting"][()] == 1
    assert figures["vistazo_upload_bytes"][()] > 2 * len(SOUND)
    idle = ("places_held", "workers_busy", "requests_waiting", "upload_bytes", "uploads_arriving")
    assert [after[f"vistazo_{name}"][()] for name in idle] == [0, 0, 0, 0, 0]


def test_the_model_is_named_once_it_answers() -> None:
    gate = threading.Event()

    def load() -> Any:
        assert gate.wait(10)
        return brightness_classifier()

    with TestClient(create_app(Settings(threads=1), load=load)) as client:
        starting = measured(client)
        gate.set()
        while client.get("/health/ready").status_code == 503:
            pass
        ready = measured(client)
    assert starting["vistazo_ready"] == {(): 0}
    assert "vistazo_model_info" not in starting
    assert ready["vistazo_ready"] == {(): 1}
    assert ready["vistazo_model_info"] == {("brightness", "0" * 64, "1.0.0"): 1}


def test_reloads_are_counted_by_their_outcome() -> None:
    def load() -> Any:
        loads.append(None)
        if len(loads) == 3:
            raise CardError("no labels")
        return brightness_classifier()

    loads: list[None] = []
    with TestClient(create_app(Settings(threads=1), load=load)) as client:
        while client.get("/health/ready").status_code == 503:
            pass
        before = measured(client)["vistazo_reloads_total"]
        for _ in range(3):
            client.portal.call(client.app.state.service.reloader.reload, "signal")
        after = measured(client)["vistazo_reloads_total"]
    assert before == {("swapped",): 0, ("failed",): 0}
    assert after == {("swapped",): 2, ("failed",): 1}


def test_the_next_model_is_measured_beside_the_one_that_answers() -> None:
    settings = {"threads": 2, "model_path_next": "/models/next.keras", "shadow_share": 1}
    app = create_app(
        Settings.model_validate(settings), load=brightness_classifier, load_next=next_model
    )
    with TestClient(app) as client:
        deadline_s = time.monotonic() + 10
        while "vistazo_next_model_info" not in measured(client):
            assert time.monotonic() < deadline_s
        answers = {}
        while not any(answers.values()):
            assert time.monotonic() < deadline_s
            assert predict(client) == 200
            time.sleep(0.06)
            answers = measured(client)["vistazo_next_model_answers_total"]
        figures = measured(client)
    assert figures["vistazo_next_model_info"] == {("brightness", "b" * 64, "1.0.0"): 1}
    assert set(answers) == {("same_class",), ("other_class",), ("dropped",), ("failed",)}
    assert answers["same_class",] >= 1
    assert figures["vistazo_next_model_mean_difference"][()] == 0
    assert figures["vistazo_next_model_latency_ratio"][()] > 0
    # What nobody is answered with is no prediction.
    stages = figures["vistazo_stage_duration_seconds_count"]
    assert figures["vistazo_predictions_total"]["BRIGHT",] == stages["infer",]


def next_model() -> Any:
    return brightness_classifier(sha256="b" * 64)


def test_processes_that_decode_are_counted_and_weighed() -> None:
    @dataclass
    class Workers:
        ended: dict[str, int]
        pids: list[int]

    metrics, gone = Metrics(), 2**22 + 1
    watch_workers(metrics, Workers({"memory": 2}, [os.getpid(), gone]))
    lines = metrics.exposition("")[0].decode().splitlines()
    assert 'vistazo_workers_ended_total{reason="memory"} 2.0' in lines
    assert "vistazo_worker_processes 2.0" in lines
    [held] = [line for line in lines if line.startswith("vistazo_worker_memory_bytes")]
    assert 20e6 < float(held.split()[1]) < 4e9


def test_services_in_one_process_count_each_for_itself(serving: Any) -> None:
    with serving() as one, serving() as other:
        predict(one)
        assert measured(one)["vistazo_predictions_total"] == {("BRIGHT",): 1}
        assert "vistazo_predictions_total" not in measured(other)


def test_ten_thousand_paths_and_methods_are_one_line(serving: Any) -> None:
    async def nothing(*_: Any) -> None:
        pass

    async def not_found(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})

    async def ask() -> None:
        for number in range(10_000):
            scope = {
                "type": "http", "method": f"M{number}", "path": f"/perez/{number}", "headers": [],
            }  # fmt: skip
            await context(scope, nothing, nothing)

    metrics = Metrics()
    context = RequestContext(not_found, {"/predict"}, Observatory(metrics))
    before = len(metrics.exposition("")[0])
    asyncio.run(ask())
    text = metrics.exposition("")[0].decode()
    assert len(text) - before < 3_000
    line = 'vistazo_requests_total{code="",method="(other)",path="(unknown)",status="404"} 10000.0'
    assert line in text.splitlines()
    assert "perez" not in text
    with serving() as client:  # what the service itself does with them
        for number in range(20):
            client.request(f"M{number}", f"/perez/{number}?perez={number}")
            client.request(f"M{number}", "/predict")
        requests = measured(client)["vistazo_requests_total"]
    assert requests["not_found", "(other)", "(unknown)", "404"] == 20
    assert requests["method_not_allowed", "(other)", "/predict", "405"] == 20


def test_every_file_of_the_page_is_one_path(serving: Any) -> None:
    with serving() as client:
        paths = [path for path in client.app.openapi()["paths"] if "page" in path]
        assert not paths
        assert client.get("/").status_code == 200
        for name in re.findall(r'"/?(page/[\w.]+)"', client.get("/").text):
            assert client.get(f"/{name}").status_code == 200
        requests = measured(client)["vistazo_requests_total"]
    assert requests["", "GET", "/page/", "200"] >= 2
    assert not [path for _, _, path, _ in requests if re.search("page/.", path)]


@pytest.mark.parametrize(
    "accept",
    ["application/openmetrics-text;version=x", "application/openmetrics-text; version=1.0.0;q=0.5"],
)
def test_open_metrics_are_there_for_who_asks(client: TestClient, accept: str) -> None:
    answer = client.get("/metrics", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.")
    assert "vistazo_ready" in {family.name for family in open_metrics(answer.text)}


@pytest.mark.parametrize(
    "accept", ["", "*/*", "text/plain;version=-", "text/plain;q=\xff,,;=", "x"]
)
def test_any_other_accept_header_gets_the_text_of_prometheus(
    client: TestClient, accept: str
) -> None:
    answer = client.get("/metrics", headers={"Accept": accept.encode("latin-1")})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_on_a_port_of_their_own_the_metrics_are_there_alone(serving: Any) -> None:
    port = free_port()
    with serving(metrics_port=port) as client:
        assert client.get("/metrics").status_code == 404
        assert predict(client) == 200
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as machine:
            text = machine.get("/metrics").text
            others = [machine.get(path) for path in ("/", "/model", "/docs", "/openapi.json")]
            posted = machine.post("/metrics", content=b"x" * 2_000_000)
            assert machine.get("/metrics/").text.startswith("# HELP")
    assert 'vistazo_predictions_total{class="BRIGHT"} 1.0' in text
    assert [answer.status_code for answer in others] == [404] * 4
    assert {answer.json()["code"] for answer in others} == {"not_found"}
    assert posted.status_code == 405
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_metrics_port_in_use_is_told_in_words() -> None:
    failures: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(threads=1, metrics_port=taken.getsockname()[1])
        app = create_app(settings, failures.append, load=brightness_classifier)
        with TestClient(app):
            pass
    [error] = failures
    assert "in use by another program. Set METRICS_HOST and METRICS_PORT" in str(error)


def test_the_readme_explains_every_measurement_of_ours(client: TestClient) -> None:
    text = client.get("/metrics").text
    exposed = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in text_string_to_metric_families(text)
        if family.name.startswith("vistazo_") and not family.name.endswith("_created")
    }
    explained = set(re.findall(r"`(vistazo_\w+)`", MANUAL.read_text()))
    not_everywhere = {
        "vistazo_container_memory_bytes", "vistazo_container_memory_limit_bytes",
        "vistazo_connections", "vistazo_connections_ended_total",
        "vistazo_next_model_info", "vistazo_next_model_answers_total",
        "vistazo_next_model_mean_difference", "vistazo_next_model_latency_ratio",
        "vistazo_records_total", "vistazo_records_lost_total", "vistazo_feedback_total",
        "vistazo_shared_state_up", "vistazo_shared_state_failures_total",
        "vistazo_shared_drift_answers_total",
    }  # fmt: skip
    assert not_everywhere < explained
    assert exposed - not_everywhere == explained - not_everywhere


def test_a_request_that_has_ended_is_free_at_once() -> None:
    """It holds what was sent."""
    scope: dict[str, Any] = {"type": "http"}
    observation = Observation(Metrics(), scope=scope)
    scope["state"] = {"observation": observation}
    observation.end(Ended("/predict", "POST", 200, 0.05, []))
    known = weakref.ref(observation)
    del observation, scope
    assert known() is None


def test_a_request_pays_less_than_a_tenth_of_a_millisecond_for_it() -> None:
    metrics, prediction = Metrics(), brightness_classifier().classify(SOUND)

    def one_request() -> None:
        observation = Observation(metrics)
        for stage in STAGES:
            observation.took(stage, 0.01)
        observation.predicted(prediction, ("DARK", "BRIGHT"))
        observation.end(Ended("/predict", "POST", 200, 0.05, []))

    fastest_s = float("inf")
    for _ in range(5):
        started_s = time.process_time()
        for _ in range(200):
            one_request()
        fastest_s = min(fastest_s, (time.process_time() - started_s) / 200)
    assert fastest_s < 0.0001

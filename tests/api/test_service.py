import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from builders import brightness_classifier, encoded, flat
from vistazo.api.app import create_app
from vistazo.errors import UnreadableModelError
from vistazo.service.settings import Settings

WHITE = {"file": ("film.png", encoded(flat(230)))}


def wait_until(condition: object) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_the_model_is_described_by_its_card_and_its_file(client: TestClient) -> None:
    described = client.get("/model").json()
    assert described["card"]["labels"] == ["DARK", "BRIGHT"]
    assert described["signature"]["height"] == 8
    assert described["sha256"] == "0" * 64
    assert described["conclusions"] == []  # somebody wrote the card
    assert described["warnings"] == []


def test_its_description_tells_what_errors_cost(serving: Callable[..., Any]) -> None:
    costs = {"currency": "EUR", "false_accept": 50, "false_reject": 2, "positive_share": 0.1}
    figures = {"unseen": {"sensitivity": 0.9, "specificity": 0.8}}
    with serving(card={"costs": costs, "figures": figures}) as client:
        [told] = client.get("/model").json()["costs"]
    assert told["en"].startswith("Unseen: of 1,000, 100 of them BRIGHT, 10 pass as DARK")
    assert told["es"].startswith("Unseen: de 1.000")


def test_whoever_comes_while_the_port_is_still_open_is_served_and_told_that_it_is_the_end(
    serving: Callable[..., Any],
) -> None:
    with serving() as client:
        client.app.state.service.begin_to_drain()
        assert client.get("/health/ready").status_code == 503
        last = client.post("/predict", files=WHITE)
        assert (last.status_code, last.headers["connection"]) == (200, "close")
        client.app.state.service.turn_away()
        assert client.post("/predict", files=WHITE).json()["code"] == "not_ready"


def test_what_is_doubtful_of_the_model_is_in_its_description(serving: Callable[..., Any]) -> None:
    with serving(card={"warnings": ("The card says one thing, the model another.",)}) as client:
        described = client.get("/model").json()
    assert described["warnings"] == ["The card says one thing, the model another."]


def test_health_docs_and_openapi_answer(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    assert client.get("/health/ready").json() == {"status": "ready"}
    assert client.get("/docs").status_code == 200
    paths = client.get("/openapi.json").json()["paths"]
    form = paths["/predict"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["file"]
    assert {"413", "415", "422", "429"} <= set(paths["/predict"]["post"]["responses"])


def test_a_full_queue_is_429_at_once_and_those_within_get_their_answer(serving: object) -> None:
    gate = threading.Event()
    with serving(gate, threads=1, queue_size=2) as client, ThreadPoolExecutor(3) as callers:
        admission = client.app.state.service.admission
        within = [callers.submit(client.post, "/predict", files=WHITE) for _ in range(3)]
        wait_until(lambda: admission.requests == 3)
        started = time.monotonic()
        refused = client.post("/predict", files=WHITE)
        assert time.monotonic() - started < 5
        gate.set()
        assert [call.result().status_code for call in within] == [200, 200, 200]
    assert refused.status_code == 429
    assert refused.json()["code"] == "queue_full"
    assert int(refused.headers["retry-after"]) >= 1


def test_health_answers_while_the_cpu_is_busy(serving: object) -> None:
    gate = threading.Event()
    with serving(gate) as client, ThreadPoolExecutor(1) as callers:
        call = callers.submit(client.post, "/predict", files=WHITE)
        wait_until(lambda: client.app.state.service.admission.requests == 1)
        assert client.get("/health/ready").status_code == 200
        gate.set()
        assert call.result().status_code == 200


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
def test_a_body_that_declares_too_many_bytes_is_413(serving: object, path: str) -> None:
    with serving(max_upload_bytes=1000, max_queued_bytes=1000) as client:
        response = client.post(path, files={"file": ("big.png", b"x" * 200_000)})
    assert response.status_code == 413
    assert response.json()["code"] == "upload_too_large"


def test_a_body_that_hides_its_length_is_413_as_soon_as_it_is_too_long(serving: object) -> None:
    def endless() -> object:
        yield b"--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n"
        for _ in range(100):
            yield b"x" * 10_000

    headers = {"content-type": "multipart/form-data; boundary=x"}
    with serving(max_upload_bytes=1000) as client:
        response = client.post("/predict", content=endless(), headers=headers)
    assert response.status_code == 413


def test_while_the_model_loads_the_service_is_alive_but_not_ready() -> None:
    gate = threading.Event()

    def load() -> object:
        gate.wait(10)
        return brightness_classifier()

    with TestClient(create_app(Settings(threads=1), load=load)) as client:
        assert client.get("/health/live").status_code == 200
        for response in (client.get("/health/ready"), client.post("/predict", files=WHITE)):
            assert response.status_code == 503
            assert response.json()["code"] == "not_ready"
            assert int(response.headers["retry-after"]) >= 1
        gate.set()
        wait_until(lambda: client.get("/health/ready").status_code == 200)


@pytest.mark.parametrize(
    ("error", "said"),
    [(UnreadableModelError("no model at all"), "no model at all"), (KeyError("x"), "log")],
)
def test_a_model_that_cannot_be_served_is_told_to_whoever_started_the_service(
    error: Exception, said: str
) -> None:
    told: list[Exception] = []

    def load() -> object:
        raise error

    with TestClient(create_app(Settings(threads=1), told.append, load)) as client:
        wait_until(lambda: told)
        assert client.get("/health/ready").status_code == 503
    assert said in str(told[0])

"""Callers who hang up, on real connections: a job that has not begun never runs."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn

from builders import BrightnessEngine, brightness_classifier, encoded, flat
from raw_callers import connected, whole
from vistazo.api.app import create_app
from vistazo.api.connection_limits import bounded_http
from vistazo.api.departure import while_connected
from vistazo.api.server import connection_policy
from vistazo.api.service import Service
from vistazo.errors import CallerLeftError
from vistazo.service.settings import Settings

PICTURE = encoded(flat(230))


@dataclass(frozen=True)
class Running:
    url: str
    engine: BrightnessEngine
    service: Service
    gate: threading.Event

    def has(self, requests: int) -> None:
        """Wait until so many requests hold a place."""
        deadline = time.monotonic() + 10
        while self.service.admission.requests != requests:
            assert time.monotonic() < deadline, self.service.admission.requests
            time.sleep(0.005)

    def send(self, path: str = "/predict", pictures: int = 1) -> socket.socket:
        connection = connected(self.url)
        connection.sendall(whole(*[PICTURE] * pictures, path=path))
        return connection


@contextmanager
def on_a_socket() -> Iterator[Running]:
    settings, gate = Settings.model_validate({"threads": 1, "queue_size": 4}), threading.Event()
    engine = BrightnessEngine(gate)
    app = create_app(settings, load=lambda: brightness_classifier(engine))
    http = bounded_http(connection_policy(settings))
    server = uvicorn.Server(uvicorn.Config(app, http=http, ws="none", log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            service = app.state.service
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            while not server.started or httpx.get(f"{url}/health/ready").status_code != 200:
                time.sleep(0.005)
            yield Running(url, engine, service, gate)
        finally:
            gate.set()
            server.should_exit = True
            thread.join()


def test_queued_work_of_callers_who_left_never_runs() -> None:
    with on_a_socket() as running, ExitStack() as stack:
        first = stack.enter_context(running.send())
        running.has(requests=1)
        left = [running.send(path) for path in ("/predict", "/predict?explain=true", "/explain")]
        running.has(requests=4)
        for connection in left:
            connection.close()
        running.has(requests=1)
        neighbour = stack.enter_context(running.send())
        running.gate.set()
        assert first.recv(10_000).startswith(b"HTTP/1.1 200 ")
        assert neighbour.recv(10_000).startswith(b"HTTP/1.1 200 ")
        assert running.engine.runs == 2


def test_of_a_batch_whose_caller_left_only_the_picture_that_runs_is_finished() -> None:
    with on_a_socket() as running:
        with running.send("/predict/batch", pictures=5):
            running.has(requests=1)
        time.sleep(0.1)
        assert running.service.admission.requests == 1  # its worker is not free
        running.gate.set()
        running.has(requests=0)
        assert running.engine.runs == 1


def test_a_caller_who_left_is_told_apart_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), on_a_socket() as running:
        with running.send():
            running.has(requests=1)
        running.gate.set()
        running.has(requests=0)
    [line] = [vars(record) for record in caplog.records if record.getMessage() == "request"]
    assert line["code"] == "caller_left"


def receiving(*messages: dict[str, Any]) -> Callable[[], Any]:
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    return receive


def test_work_is_done_while_its_caller_is_there_and_its_errors_are_his() -> None:
    async def answer() -> str:
        await asyncio.sleep(0.01)
        return "answer"

    async def fail() -> None:
        raise ValueError("in the work")

    still_there = {"type": "http.request", "body": b"", "more_body": False}
    assert asyncio.run(while_connected(receiving(still_there), answer())) == "answer"
    with pytest.raises(ValueError, match="in the work"):
        asyncio.run(while_connected(receiving(), fail()))
    with pytest.raises(CallerLeftError):
        asyncio.run(while_connected(receiving({"type": "http.disconnect"}), answer()))

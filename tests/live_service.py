"""A service on a real socket, in this process: the engine can be held, and looked at."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn

from builders import BrightnessEngine, brightness_classifier, encoded, flat
from raw_callers import connected, whole
from vistazo.api.app import create_app
from vistazo.api.server import server_config
from vistazo.api.service import Service
from vistazo.service.settings import Settings

PICTURE = encoded(flat(230))


@dataclass(frozen=True)
class Running:
    url: str
    engine: BrightnessEngine
    service: Service
    gate: threading.Event
    server: uvicorn.Server

    def has(self, requests: int) -> None:
        """Wait until so many requests hold a place."""
        deadline = time.monotonic() + 10
        while self.service.admission.requests != requests:
            assert time.monotonic() < deadline, self.service.admission.requests
            time.sleep(0.005)

    def is_alone(self) -> bool:
        """Within ten seconds no connection is open."""
        deadline = time.monotonic() + 10
        while self.server.server_state.connections and time.monotonic() < deadline:
            time.sleep(0.005)
        return not self.server.server_state.connections

    def send(self, path: str = "/predict", pictures: int = 1) -> socket.socket:
        """A whole request, on a connection of its own."""
        connection = connected(self.url)
        connection.sendall(whole(*[PICTURE] * pictures, path=path))
        return connection


@contextmanager
def on_a_socket(**changes: Any) -> Iterator[Running]:
    """One worker, four who may wait, and nobody is answered before ``gate`` is set."""
    settings = Settings.model_validate({"threads": 1, "queue_size": 4, **changes})
    gate = threading.Event()
    engine = BrightnessEngine(gate)
    app = create_app(settings, load=lambda: brightness_classifier(engine))
    server = uvicorn.Server(server_config(app, settings))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            service = app.state.service
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            while not server.started or httpx.get(f"{url}/health/ready").status_code != 200:
                time.sleep(0.005)
            yield Running(url, engine, service, gate, server)
        finally:
            gate.set()
            server.should_exit = True
            thread.join()

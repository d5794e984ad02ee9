"""``uvicorn main:app``: the service under a server that somebody else starts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from builders import encoded, film, write_brightness_model

ROOT = Path(__file__).parents[2]
FILM = {"file": ("film.jpeg", encoded(film(900, 700), "JPEG"))}


@contextmanager
def started(folder: Path, port: int, **settings: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "uvicorn", "main:app", "--port", str(port)]
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "LOG_FORMAT": "json", **settings},
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
        return free


def wait_until_ready(process: subprocess.Popen[str], url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[1]
        try:
            if httpx.get(f"{url}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("the service did not become ready")


def test_uvicorn_serves_main_app(tmp_path: Path, port: int) -> None:
    model = write_brightness_model(tmp_path / "mine.keras")
    url = f"http://127.0.0.1:{port}"
    settings = {"MODEL_PATH": str(model), "CACHE_DIR": str(tmp_path / "cache"), "PORT": "1"}
    with started(tmp_path, port, **settings) as process:
        wait_until_ready(process, url)
        answer = httpx.post(f"{url}/predict/", files=FILM).json()
        assert answer["model"]["name"] == "brightness"
        assert httpx.post(f"{url}/nowhere", content=b"x" * 5_000_000).status_code == 404
        assert httpx.post(f"{url}/predict", content=b"x" * 20_000_000).status_code == 413
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
    events = [json.loads(line) for line in log.splitlines()]
    assert {"ready", "request"} <= {event["event"] for event in events}
    assert "Traceback" not in log
    assert "film.jpeg" not in log


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"MODEL_PATH": "missing.keras"}, "There is no model at missing.keras"),
        ({"MODEL_PATH": "bare.keras"}, "Labels are never guessed"),
        ({"THREADS": "many"}, "THREADS"),
    ],
    ids=["no model", "no card", "a bad setting"],
)
def test_where_there_is_nothing_to_serve_the_process_ends_and_says_why(
    settings: dict[str, str], said: str, tmp_path: Path, port: int
) -> None:
    write_brightness_model(tmp_path / "bare.keras").with_name("bare.card.yaml").unlink()
    settings = {"CACHE_DIR": str(tmp_path / "cache"), **settings}
    with started(tmp_path, port, **settings) as process:
        _, log = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said in log
    assert "Traceback" not in log

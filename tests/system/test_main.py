"""``uvicorn main:app``: the service under a server that somebody else starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders import encoded, film, write_brightness_model

SOURCE = Path(__file__).parents[2] / "src"
FILM = {"file": ("film.jpeg", encoded(film(900, 700), "JPEG"))}


def test_uvicorn_serves_main_app(tmp_path: Path, running: Callable[..., Any]) -> None:
    model = write_brightness_model(tmp_path / "mine.keras")
    command = ("uvicorn", "main:app", "--port", "{port}")
    with running(command, MODEL_PATH=str(model), PORT="1") as service:
        answer = httpx.post(f"{service.url}/predict/", files=FILM).json()
        assert answer["model"]["name"] == "brightness"
        for path, status in (("nowhere", 404), ("model", 405), ("predict", 413)):
            refused = httpx.post(f"{service.url}/{path}", content=b"x" * 40_000_000)
            assert refused.status_code == status
        _, log = service.stop()
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
    settings: dict[str, str], said: str, tmp_path: Path
) -> None:
    write_brightness_model(tmp_path / "bare.keras").with_name("bare.card.yaml").unlink()
    ended = subprocess.run(
        [sys.executable, "-m", "uvicorn", "main:app", "--port", "0"],
        env={
            **os.environ, "PYTHONPATH": str(SOURCE), "CACHE_DIR": str(tmp_path / "c"), **settings
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr

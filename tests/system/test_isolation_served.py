"""A real service, whose workers are killed by whoever likes to."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders import card, encoded, flat, write_brightness_model
from hostile_pictures import large, seconds_to_prepare

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")


def workers_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [
        int(child) for task in tasks for child in (task / "children").read_text("ascii").split()
    ]


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.longer
@pytest.mark.parametrize(
    "command", [("vistazo", "serve"), ("uvicorn", "main:app", "--port", "{port}")]
)
def test_whoever_kills_workers_loses_no_request_and_gets_no_wrong_answer(
    command: tuple[str, ...], running: Callable[..., Any], tmp_path: Path
) -> None:
    model = write_brightness_model(tmp_path / "mine.keras")
    greys = [20, 240] * 15
    with running(command, MODEL_PATH=str(model), THREADS="2", QUEUE_SIZE="50") as service:

        def label(grey: int) -> str:
            film = {"file": ("film.png", encoded(flat(grey, 800, 800)))}
            answer = httpx.post(f"{service.url}/predict", files=film, timeout=60)
            return str(answer.json().get("predicted_class", answer.text))

        with ThreadPoolExecutor(4) as callers:
            answers = [callers.submit(label, grey) for grey in greys]
            for done in (3, 12, 20):
                while sum(answer.done() for answer in answers) < done:
                    time.sleep(0.005)
                os.kill(workers_of(service.process.pid)[0], signal.SIGKILL)
            expected = ["DARK" if grey < 128 else "BRIGHT" for grey in greys]
            assert [answer.result() for answer in answers] == expected
        metrics = httpx.get(f"{service.url}/metrics").text
        assert 'vistazo_workers_ended_total{reason="killed"} 3.0' in metrics
        children = workers_of(service.process.pid)
        service.stop(signal.SIGKILL)
        deadline = time.monotonic() + 5
        while any(is_running(child) for child in children):
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.longer
def test_a_picture_that_takes_too_long_is_told_so_and_the_log_says_that_its_process_ended(
    running: Callable[..., Any], tmp_path: Path
) -> None:
    model = write_brightness_model(tmp_path / "mine.keras")
    costly = {"file": ("film.jpg", large("CMYK", 2400, progressive=True))}
    film = {"file": ("film.png", encoded(flat(240)))}
    limit_s = seconds_to_prepare(costly["file"][1], card().input) / 3
    with running(MODEL_PATH=str(model), JOB_TIMEOUT_S=str(limit_s)) as service:
        refused = httpx.post(f"{service.url}/predict", files=costly, timeout=60)
        assert (refused.status_code, refused.json()["code"]) == (422, "picture_too_costly")
        answer = httpx.post(f"{service.url}/predict", files=film, timeout=60)
        assert answer.json()["predicted_class"] == "BRIGHT"
        status, log = service.stop()
    ended = [event for event in map(json.loads, log.splitlines()) if "worker" in event["event"]]
    assert [event["reason"] for event in ended] == ["timeout"]
    assert status == 0

"""A real service with records: killed under a stream of feedback, replicated, its disk full."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders import encoded, flat, write_brightness_model
from kept_answers import rows

PICTURE = {"file": ("film.png", encoded(flat(230)))}
_CALLERS = 6


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    model = write_brightness_model(tmp_path / "mine.keras")
    return {"MODEL_PATH": str(model), "RECORDS_DIR": str(tmp_path / "records"), "THREADS": "2"}


class Callers:
    """Ask, and say what was true, until the service is gone. ``acknowledged`` is by request."""

    def __init__(self, url: str, start: int) -> None:
        self.acknowledged: dict[str, str] = {}
        self.refused = 0
        self._url = url
        self._numbers = count(start)
        self._threads = [threading.Thread(target=self._call) for _ in range(_CALLERS)]

    def begin(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        for thread in self._threads:
            thread.join()

    def until_acknowledged(self, least: int) -> None:
        deadline_s = time.monotonic() + 60
        while len(self.acknowledged) < least:
            assert time.monotonic() < deadline_s
            time.sleep(0.001)

    def _call(self) -> None:
        with httpx.Client(base_url=self._url, timeout=10) as client:
            try:
                while True:
                    self._ask(client, next(self._numbers))
            except httpx.TransportError:
                return

    def _ask(self, client: httpx.Client, number: int) -> None:
        headers = {"X-Request-ID": f"r-{number}"}
        assert client.post("/predict", files=PICTURE, headers=headers).status_code == 200
        for label in ("DARK", "BRIGHT")[number % 2 :]:
            told = client.post("/feedback", json={"request_id": f"r-{number}", "label": label})
            if told.status_code == 200:
                self.acknowledged[f"r-{number}"] = label
            else:
                self.refused += 1


@pytest.mark.longer
def test_no_acknowledged_feedback_is_lost_by_a_kill(
    running: Callable[..., Any], settings: dict[str, str], tmp_path: Path
) -> None:
    acknowledged: dict[str, str] = {}
    for turn in range(8):
        with running(**settings) as service:
            callers = Callers(service.url, 100_000 * turn)
            callers.begin()
            callers.until_acknowledged(20 + 7 * turn)
            service.stop(signal.SIGKILL)
            callers.wait()
        assert callers.refused == 0
        acknowledged |= callers.acknowledged
        kept = dict(rows(tmp_path / "records", "request_id, label"))
        lost = {name for name, label in acknowledged.items() if kept.get(name) is None}
        assert lost == set()
        # Of two that were on their way at the kill the second may be there unacknowledged.
        others = {name for name, label in acknowledged.items() if kept[name] != label}
        assert len(others) <= _CALLERS * (turn + 1)
        assert all(kept[name] == "BRIGHT" for name in others)
    assert not list((tmp_path / "records").glob("*damaged*"))
    with running(**settings) as service:
        name = next(iter(acknowledged))
        again = httpx.post(f"{service.url}/feedback", json={"request_id": name, "label": "DARK"})
        assert again.json()["agrees"] is False
        worth = httpx.get(f"{service.url}/drift").json()["feedback"]
    assert worth["labelled"] >= len(acknowledged)


@pytest.mark.longer
def test_replicas_share_a_folder_and_feedback_may_come_to_another_one(
    running: Callable[..., Any], settings: dict[str, str], tmp_path: Path
) -> None:
    with running(**settings) as one, running(**settings) as other:
        for number in range(16):
            asked, told = (one, other) if number % 2 else (other, one)
            headers = {"X-Request-ID": f"r-{number}"}
            httpx.post(f"{asked.url}/predict", files=PICTURE, headers=headers)
            said = {"request_id": f"r-{number}", "label": "DARK"}
            deadline_s = time.monotonic() + 5  # what was just answered is written within a second
            while httpx.post(f"{told.url}/feedback", json=said).status_code != 200:
                assert time.monotonic() < deadline_s
                time.sleep(0.1)
        for service in (one, other):
            status, log = service.stop()
            assert status == 0
            assert "cannot" not in log
    assert rows(tmp_path / "records", "count(*), count(label)") == [(16, 16)]


@pytest.mark.longer
@pytest.mark.skipif(not Path("/proc/mounts").exists(), reason="a small disk is made by Linux")
def test_a_full_disk_stops_no_answer(
    running: Callable[..., Any], settings: dict[str, str], tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this user may mount nothing")
    try:
        with running(**{**settings, "RECORDS_DIR": str(disk), "LOG_LEVEL": "warning"}) as service:
            with httpx.Client(base_url=service.url) as client:
                client.post("/predict", files=PICTURE, headers={"X-Request-ID": "early"})
                said = {"request_id": "early", "label": "DARK"}
                assert client.post("/feedback", json=said).status_code == 200
                (disk / "in the way").write_bytes(bytes(_room(disk)))
                for _ in range(300):
                    assert client.post("/predict", files=PICTURE).status_code == 200
                told = [client.post("/feedback", json=said).status_code for _ in range(3)]
                assert set(told) <= {200, 503}
                (disk / "in the way").unlink()
                deadline_s = time.monotonic() + 20
                while client.post("/feedback", json=said).status_code != 200:
                    assert time.monotonic() < deadline_s
            _, log = service.stop()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)  # noqa: S607
    assert log.count("records cannot be written") == log.count("records are written again") <= 2


def _room(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize

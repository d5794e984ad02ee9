"""Another model in the place of the one that serves, in a real process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders import encoded, flat, write_brightness_model
from vistazo.models.file_hash import sha256_of

FILM = {"file": ("film.png", encoded(flat(230)))}
# What the two models say of it: sigmoid(8 * 230 / 255 - 4), and the opposite.
BRIGHT = {"1.0.0": 0.961, "2.0.0": 0.039}


class Models:
    """Two models that say the opposite of each other, and the path that one of them lies at."""

    def __init__(self, folder: Path) -> None:
        self.served = folder / "served.keras"
        self.stored = {
            "1.0.0": write_brightness_model(folder / "one.keras"),
            "2.0.0": write_brightness_model(folder / "two.keras", slope=-8, version="2.0.0"),
        }
        self.sha256 = {version: sha256_of(path) for version, path in self.stored.items()}
        self.put("1.0.0")

    def put(self, version: str) -> None:
        """Each file is replaced at once; the card is told of last."""
        for suffix in (".keras", ".card.yaml"):
            draft = self.served.with_name("draft")
            draft.write_bytes(self.stored[version].with_suffix(suffix).read_bytes())
            draft.replace(self.served.with_suffix(suffix))


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def settled_mb(service: Any) -> float:
    """Once the last request of the former model has ended."""
    time.sleep(1)
    return resident_mb(service.process.pid)


@contextmanager
def callers(url: str, count: int) -> Iterator[list[tuple[int, dict[str, Any], float]]]:
    """So many who ask without a pause, on connections that they keep; every answer they got."""
    answers: list[tuple[int, dict[str, Any], float]] = []
    is_over = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=url, timeout=30) as client:
            while not is_over.is_set():
                started = time.monotonic()
                answer = client.post("/predict", files=FILM)
                answers.append((answer.status_code, answer.json(), time.monotonic() - started))
                ready = client.get("/health/ready")
                assert ready.status_code == 200

    with ThreadPoolExecutor(count) as pool:
        asking = [pool.submit(ask) for _ in range(count)]
        try:
            yield answers
        finally:
            is_over.set()
    for each in asking:
        each.result()  # a request that was lost


def check(answers: list[tuple[int, dict[str, Any], float]], models: Models) -> None:
    """Every one is a whole answer of one of the two."""
    for status, answer, _ in answers:
        assert status == 200, answer
        version = answer["model"]["version"]
        assert answer["model"]["sha256"] == models.sha256[version]
        assert answer["probabilities"]["BRIGHT"] == pytest.approx(BRIGHT[version], abs=0.002)


def swap(service: Any, models: Models, version: str) -> None:
    models.put(version)
    service.process.send_signal(signal.SIGHUP)
    wait_until(lambda: httpx.get(f"{service.url}/model").json()["sha256"] == models.sha256[version])


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no such signal here")
@pytest.mark.longer
def test_fifty_swaps_under_load_lose_no_request_mix_no_answer_and_leave_no_memory(
    running: Callable[..., Any], tmp_path: Path
) -> None:
    models = Models(tmp_path)
    with running(MODEL_PATH=str(models.served), THREADS="2", LOG_LEVEL="error") as service:
        with callers(service.url, 4) as answers:
            for number in range(6):  # what the first ones leave behind is left once
                swap(service, models, "1.0.0" if number % 2 else "2.0.0")
            before = settled_mb(service)
            for number in range(50):
                swap(service, models, "1.0.0" if number % 2 else "2.0.0")
            after = settled_mb(service)
        check(answers, models)
        assert {answer["model"]["version"] for _, answer, _ in answers} == set(BRIGHT)
        assert after - before < 5, f"{before:.1f} MB, then {after:.1f} MB"
        status, _ = service.stop()
    assert status == 0


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no such signal here")
@pytest.mark.longer
def test_a_signal_puts_the_new_model_in_the_place_of_the_old_and_a_bad_one_leaves_it(
    running: Callable[..., Any], tmp_path: Path
) -> None:
    models = Models(tmp_path)
    with running(MODEL_PATH=str(models.served)) as service:
        swap(service, models, "2.0.0")
        answer = httpx.post(f"{service.url}/predict", files=FILM).json()
        check([(200, answer, 0)], models)
        assert answer["model"]["version"] == "2.0.0"
        models.served.write_bytes(b"no model")
        os.kill(service.process.pid, signal.SIGHUP)

        def reload() -> dict[str, Any]:
            described: dict[str, Any] = httpx.get(f"{service.url}/model").json()
            return described["reload"]

        wait_until(lambda: reload()["outcome"] == "failed")
        told = json.dumps(reload())
        assert reload()["code"] == "model_unreadable"
        assert "served.keras" not in told
        check([(200, httpx.post(f"{service.url}/predict", files=FILM).json(), 0)], models)
        assert httpx.post(f"{service.url}/admin/reload").status_code == 403
        _, log = service.stop()
    failed = [json.loads(line) for line in log.splitlines() if "reload failed" in line]
    assert [event["code"] for event in failed] == ["model_unreadable"]
    assert "served.keras" in failed[0]["reason"]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no such signal here")
@pytest.mark.longer
def test_a_terminal_that_is_closed_ends_the_service_as_ever(cache: Path, tmp_path: Path) -> None:
    import fcntl
    import pty
    import termios

    terminal, inside = pty.openpty()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    model = write_brightness_model(tmp_path / "m.keras")

    def as_on_a_terminal() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whatever nohup the tests run under
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    service = subprocess.Popen(
        [sys.executable, "-m", "vistazo", "serve"],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
            "PORT": port,
            "CACHE_DIR": str(cache),
            "MODEL_PATH": str(model),
        },
        stdin=inside,
        stdout=inside,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=as_on_a_terminal,  # noqa: PLW1509 - two calls of the system
    )
    os.close(inside)
    try:
        wait_until(lambda: described(port) is not None)
        service.send_signal(signal.SIGHUP)  # from another one
        wait_until(lambda: (described(port) or {})["reload"] is not None)
        os.close(terminal)
        assert service.wait(20) == 0
    finally:
        service.kill()
        service.wait()


def described(port: str) -> dict[str, Any] | None:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/model")
    except httpx.TransportError:
        return None
    return answer.json() if answer.status_code == 200 else None


@pytest.mark.longer
def test_a_model_that_is_copied_over_the_old_one_is_served_under_any_server(
    running: Callable[..., Any], tmp_path: Path
) -> None:
    models = Models(tmp_path)
    command = ("uvicorn", "main:app", "--port", "{port}")
    with running(command, MODEL_PATH=str(models.served), WATCH_MODEL="1") as service:
        models.put("2.0.0")
        wait_until(
            lambda: httpx.get(f"{service.url}/model").json()["sha256"] == models.sha256["2.0.0"]
        )
        check([(200, httpx.post(f"{service.url}/predict", files=FILM).json(), 0)], models)
        if hasattr(signal, "SIGHUP"):
            swap(service, models, "1.0.0")
        _, log = service.stop()
    assert "Traceback" not in log


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no such signal here")
@pytest.mark.longer
def test_the_next_model_is_compared_by_itself_and_then_promoted(
    running: Callable[..., Any], tmp_path: Path
) -> None:
    models = Models(tmp_path)
    later = models.stored["2.0.0"]
    card = json.loads(later.with_suffix(".card.yaml").read_text())
    card["input"]["resize"] = "crop"  # so it has to decode for itself
    later.with_suffix(".card.yaml").write_text(json.dumps(card))
    following = {"MODEL_PATH_NEXT": str(later), "SHADOW_SHARE": "1"}
    with running(MODEL_PATH=str(models.served), **following) as service:

        def compared() -> dict[str, Any]:
            answer: dict[str, Any] = httpx.get(f"{service.url}/model").json()["next"]
            return answer

        wait_until(lambda: compared()["model"] is not None)
        for number in range(1, 4):
            answer = httpx.post(f"{service.url}/predict", files=FILM).json()
            check([(200, answer, 0)], models)
            wait_until(lambda number=number: compared()["compared"] == number)
        assert compared()["model"]["version"] == "2.0.0"
        assert compared()["same_class"] == 0
        assert compared()["mean_difference"] == pytest.approx(0.922, abs=0.003)
        swap(service, models, "2.0.0")
        httpx.post(f"{service.url}/predict", files=FILM)
        wait_until(lambda: compared()["same_class"] == 1)  # counted anew: it is itself
        status, log = service.stop()
    assert status == 0
    assert "the next model, compared" in log


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no such signal here")
@pytest.mark.longer
def test_a_signal_that_comes_while_the_service_starts_is_heard_once_it_is_there(
    starting: Callable[..., Any], tmp_path: Path
) -> None:
    service = starting(MODEL_PATH=str(write_brightness_model(tmp_path / "m.keras")))
    wait_until(lambda: holds_hangups(service.process.pid))
    service.process.send_signal(signal.SIGHUP)
    service.wait_until_ready()
    wait_until(lambda: httpx.get(f"{service.url}/model").json()["reload"] is not None)
    assert service.stop()[0] == 0


def holds_hangups(pid: int) -> bool:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    blocked = next(line for line in lines if line.startswith("SigBlk"))
    return bool(int(blocked.split()[1], 16) & 1 << signal.SIGHUP - 1)

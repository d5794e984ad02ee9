"""What may happen around a service that runs: its log, its disk, its clock, its descriptors."""

from __future__ import annotations

import contextlib
import os
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders import encoded, film
from raw_answers import Replies
from raw_callers import BEGUN, closed_after_s, connected, declared, many, whole

pytestmark = pytest.mark.longer

ROOT = Path(__file__).parents[2]
FILM = {"file": ("film.jpeg", encoded(film(300, 300), "JPEG"))}


def test_a_log_that_nobody_reads_holds_up_nobody(running: Callable[..., Any]) -> None:
    """The service writes it into a pipe, which holds 64 kB."""
    with running() as service, httpx.Client(base_url=service.url, timeout=5) as client:
        long = {"X-Request-ID": "x" * 64}
        statuses = {client.get("/model", headers=long).status_code for _ in range(400)}
        assert statuses == {200}
        assert client.post("/predict", files=FILM).status_code == 200
        status, log = service.stop()
    assert status == 0
    assert len(log) > 50_000


def test_a_log_that_cannot_be_written_is_no_reason_not_to_serve(
    running: Callable[..., Any],
) -> None:
    full, (reads, gone) = os.open("/dev/full", os.O_WRONLY), os.pipe()
    os.close(reads)
    for log in (full, gone):
        with running(stderr=log) as service:
            os.close(log)
            assert httpx.post(f"{service.url}/predict", files=FILM).status_code == 200
            assert service.stop()[0] == 0


def ask_until_told_to_stop(url: str, said: list[str]) -> None:
    """One request after the other on one connection, until an answer says that it is the last."""
    request = whole(encoded(film(300, 300), "JPEG"))
    with connected(url) as connection:
        connection.settimeout(60)
        replies = Replies(connection)
        while True:
            try:
                connection.sendall(request)
                reply = replies.next()
            except ConnectionError:
                said.append("lost")
                return
            said.append(str(reply.status))
            if reply.headers.get("connection") == "close":
                return


def test_at_the_end_under_load_every_request_is_answered(running: Callable[..., Any]) -> None:
    said: list[str] = []
    with running(QUEUE_SIZE="32") as service:
        asking = [
            threading.Thread(target=ask_until_told_to_stop, args=(service.url, said))
            for _ in range(12)
        ]
        for thread in asking:
            thread.start()
        time.sleep(1.5)
        answered_before = len(said)
        started = time.monotonic()
        status, log = service.stop()
        took_s = time.monotonic() - started
        for thread in asking:
            thread.join(60)
        with pytest.raises(OSError, match="refused"):
            connected(service.url)
    assert status == 0
    assert took_s < 30  # DRAIN_TIMEOUT_S
    assert answered_before > 12
    assert set(said) <= {"200", "503"}
    assert len(said) - answered_before >= 12
    assert "Traceback" not in log


@contextlib.contextmanager
def limit(kind: int, value: int) -> Iterator[None]:
    """For the processes that are started inside."""
    usual = resource.getrlimit(kind)
    resource.setrlimit(kind, (value, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, usual)


def test_a_disk_that_is_full_keeps_nobody_out(running: Callable[..., Any]) -> None:
    """No file can grow: neither the log nor the cache, where the model is compiled already."""
    with running() as service:
        assert httpx.post(f"{service.url}/predict", files=FILM).status_code == 200
    with tempfile.TemporaryFile("w") as log, ExitStack() as stack:
        with limit(resource.RLIMIT_FSIZE, 0):
            service = stack.enter_context(running(stderr=log))
        assert [
            httpx.post(f"{service.url}/{path}", files=FILM).status_code
            for path in ("predict", "explain", "predict/batch")
        ] == [200, 200, 200]
        assert service.stop()[0] == 0
        assert os.fstat(log.fileno()).st_size == 0


def test_with_few_descriptors_those_who_come_in_crowds_keep_nobody_out_for_long(
    running: Callable[..., Any],
) -> None:
    with ExitStack() as stack:
        with limit(resource.RLIMIT_NOFILE, 64):
            service = stack.enter_context(running())
        with many(service.url, 200), many(service.url, 50, declared(9_000) + BEGUN):
            assert httpx.get(f"{service.url}/health/ready", timeout=10).status_code == 200
        assert httpx.post(f"{service.url}/predict", files=FILM).status_code == 200
        status, log = service.stop()
    assert status == 0
    assert log.count("Traceback") < 5  # asyncio's, of a connection that could not be accepted


BACK = """
import os, time
now = time.time
time.time = lambda: now() - (1_000_000_000 if os.path.exists({flag!r}) else 0)
"""


def test_a_clock_that_is_set_back_changes_nothing(
    running: Callable[..., Any], tmp_path: Path
) -> None:
    """By thirty years, while it serves: what has to end in time ends in time."""
    flag = tmp_path / "back"
    (tmp_path / "sitecustomize.py").write_text(BACK.format(flag=str(flag)))
    places = f"{tmp_path}{os.pathsep}{ROOT / 'src'}"
    short = {"HEADER_TIMEOUT_S": "2", "RECEIVE_GRACE_S": "2", "KEEP_ALIVE_TIMEOUT_S": "2"}
    with running(PYTHONPATH=places, **short) as service, httpx.Client() as client:
        years = []
        for _ in range(2):
            answer = client.post(f"{service.url}/predict", files=FILM)
            assert answer.status_code == 200
            years.append(int(answer.headers["date"].split()[3]))
            flag.touch()
            time.sleep(1.5)  # the date of an answer is made once a second
        assert years[0] - years[1] > 30
        for sends, said in ((b"GET / HT", b""), (declared(9_000) + BEGUN, b" 408 ")):
            with connected(service.url) as connection:
                connection.sendall(sends)
                after_s, told = closed_after_s(connection)
            assert said in told
            assert 1 < after_s < 10
        status, log = service.stop()
    assert status == 0
    assert "Traceback" not in log

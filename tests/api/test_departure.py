"""Callers who hang up, on real connections: a job that has not begun never runs."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from live_service import PICTURE, on_a_socket
from raw_answers import Replies
from raw_callers import connected, whole
from vistazo.api.departure import while_connected
from vistazo.errors import CallerLeftError


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


@pytest.mark.parametrize("n_bytes", [10, 10_000, 100_000])
def test_who_sends_more_before_his_answer_and_leaves_is_noticed(n_bytes: int) -> None:
    with on_a_socket() as running, ExitStack() as stack:
        first = stack.enter_context(running.send())
        running.has(requests=1)
        with running.send() as left:
            running.has(requests=2)
            left.sendall(b"GET /" + b"x" * n_bytes)
        running.has(requests=1)
        running.gate.set()
        assert first.recv(10_000).startswith(b"HTTP/1.1 200 ")
        assert running.engine.runs == 1


def test_requests_sent_ahead_are_answered_in_their_order() -> None:
    with on_a_socket() as running, running.send() as connection:
        running.has(requests=1)
        connection.sendall(b"GET /model HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        connection.sendall(whole(PICTURE) + b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        running.gate.set()
        replies = Replies(connection)
        assert [replies.next().status for _ in range(5)] == [200, 200, 200, 200, 404]


def test_what_follows_a_last_request_does_not_spoil_its_answer() -> None:
    with on_a_socket() as running, connected(running.url) as connection:
        last = whole(PICTURE).replace(b"Host: x\r\n", b"Host: x\r\nConnection: close\r\n")
        connection.sendall(last)
        running.has(requests=1)
        connection.sendall(b"\r\n")
        running.gate.set()
        replies = Replies(connection)
        assert replies.next().status == 200
        assert replies.rest() == b""


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
    with caplog.at_level(logging.INFO), on_a_socket() as running, running.send() as first:
        running.has(requests=1)
        with running.send():
            running.has(requests=2)
        running.has(requests=1)
        running.gate.set()
        assert first.recv(10_000).startswith(b"HTTP/1.1 200 ")
    lines = [vars(record) for record in caplog.records if record.getMessage() == "request"]
    assert [line.get("code") for line in lines] == ["caller_left", None]


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

"""Slow callers beside others, on real connections: who is refused, when, and for whom."""

from __future__ import annotations

import select
import time
from contextlib import ExitStack

import pytest

from builders import encoded, flat
from live_service import on_a_socket
from raw_callers import BEGUN, connected, declared, many, whole

PICTURE = encoded(flat(230))


def test_a_full_queue_is_told_at_once_and_before_the_body_is_sent() -> None:
    with on_a_socket() as running, ExitStack() as stack:
        for requests in range(1, 6):
            stack.enter_context(running.send())
            running.has(requests)
        late = stack.enter_context(connected(running.url))
        started = time.monotonic()
        late.sendall(declared(9_000_000))
        said = late.recv(10_000)
        assert time.monotonic() - started < 1
        assert said.startswith(b"HTTP/1.1 429 ")
        assert b"retry-after: 1" in said


def test_who_stalls_in_the_middle_gives_way_and_his_neighbours_do_not() -> None:
    stalls = declared(40_000) + BEGUN + b"x" * 30_000
    with on_a_socket(max_queued_bytes=100_000) as running, ExitStack() as stack:
        running.gate.set()
        neighbour = stack.enter_context(connected(running.url))
        request = whole(PICTURE)
        neighbour.sendall(request[:-10])
        stalled = stack.enter_context(many(running.url, 3, stalls, "127.0.0.2"))
        time.sleep(1.1)
        honest = stack.enter_context(connected(running.url))
        honest.sendall(whole(PICTURE + b"\0" * 30_000))
        assert honest.recv(10_000).startswith(b"HTTP/1.1 200 ")
        [ended], _, _ = select.select(stalled, [], [], 5)
        assert ended.recv(10_000).startswith(b"HTTP/1.1 429 ")
        neighbour.sendall(request[-10:])
        assert neighbour.recv(10_000).startswith(b"HTTP/1.1 200 ")


def test_with_too_many_uploads_the_one_that_has_sent_nothing_longest_ends() -> None:
    with on_a_socket(max_uploads=3) as running:
        running.gate.set()
        with many(running.url, 3, declared(1000) + BEGUN) as silent:
            while len(running.service.reception.arriving) < 3:
                time.sleep(0.005)
            with running.send() as honest:
                assert honest.recv(10_000).startswith(b"HTTP/1.1 200 ")
            [ended], _, _ = select.select(silent, [], [], 5)
            assert ended.recv(10_000).startswith(b"HTTP/1.1 429 ")


def test_an_upload_that_trickles_is_408_and_holds_no_place_for_ever() -> None:
    with on_a_socket(receive_timeout_s=0.3, queue_size=0) as running:
        running.gate.set()
        with connected(running.url) as connection:
            connection.sendall(declared(2000) + BEGUN)
            assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
        with running.send() as honest:
            assert honest.recv(10_000).startswith(b"HTTP/1.1 200 ")


def test_an_answer_that_nobody_fetches_ends_with_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vistazo.api.connection_limits._STALLED_S", 0.2)
    with on_a_socket(keep_alive_timeout_s=60) as running, connected(running.url) as connection:
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
        assert running.is_alone()

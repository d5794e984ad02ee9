"""Slow callers beside others, on real connections: who is refused, when, and for whom."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Iterable
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
            connection.sendall(declared(9_000_000) + BEGUN)  # what is only declared earns no time
            assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
        with running.send() as honest:
            assert honest.recv(10_000).startswith(b"HTTP/1.1 200 ")


# An upload that brings 10 kB/s may take as long as it likes.
PATIENT = {"receive_timeout_s": 0.5, "receive_grace_s": 0.5, "min_receive_bytes_per_s": 10_000}


def drip(connections: Iterable[socket.socket], bodies: bytes, pieces: int) -> None:
    """The same body on each, 50 ms between its pieces."""
    size = len(bodies) // pieces + 1
    for begins in range(0, len(bodies), size):
        for connection in connections:
            with contextlib.suppress(OSError):  # may have been sent away
                connection.sendall(bodies[begins : begins + size])
        time.sleep(0.05)


def test_a_slow_line_on_which_bytes_flow_is_answered_however_long_that_takes() -> None:
    with on_a_socket(**PATIENT) as running, connected(running.url) as connection:
        running.gate.set()
        started = time.monotonic()
        drip([connection], whole(PICTURE + b"\0" * 60_000), pieces=20)
        assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - started > 2 * PATIENT["receive_timeout_s"]


def test_who_drips_just_fast_enough_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """For longer than an upload may take that brings nothing, in more places than there are."""
    monkeypatch.setattr("vistazo.service.reception._QUICK_S", 0.1)  # as PATIENT, not ten seconds
    room = {"max_queued_bytes": 100_000, "max_uploads": 6}
    with on_a_socket(**PATIENT, **room) as running:
        running.gate.set()
        with many(running.url, 8, declared(9_000_000) + BEGUN) as drippers:
            for _ in range(4):
                drip(drippers, b"x" * 8_000, pieces=5)
                with connected(running.url) as honest:
                    honest.sendall(whole(PICTURE + b"\0" * 30_000))
                    assert honest.recv(10_000).startswith(b"HTTP/1.1 200 ")
            assert running.service.reception.arriving


def test_an_answer_that_nobody_fetches_ends_with_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vistazo.api.connection_limits._STALLED_S", 0.2)
    with on_a_socket(keep_alive_timeout_s=60) as running, connected(running.url) as connection:
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
        assert running.is_alone()

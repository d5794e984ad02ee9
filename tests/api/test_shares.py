"""Callers who ask too much beside one who does not, on real connections."""

from __future__ import annotations

import select
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from builders import encoded, flat
from live_service import PICTURE, Running, on_a_socket
from raw_callers import connected, many, whole

FLOODER = "127.0.0.2"


def asked(running: Running, picture: bytes = PICTURE) -> bytes:
    """By an honest caller, on a connection of his own."""
    with connected(running.url) as connection:
        connection.sendall(whole(picture))
        return connection.recv(10_000)


@contextmanager
def flood(running: Running, connections: int) -> Iterator[Counter[bytes]]:
    """From one address, on so many connections, one request after the other; what it is told."""
    ended, told = threading.Event(), Counter[bytes]()

    def ask() -> None:
        while not ended.is_set():
            with connected(running.url, FLOODER) as connection:
                connection.sendall(whole(PICTURE))
                told[connection.recv(10_000)[9:12]] += 1
            time.sleep(0.005)

    threads = [threading.Thread(target=ask) for _ in range(connections)]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_an_honest_caller_behind_a_flood_from_one_address_is_always_answered() -> None:
    """One worker takes 20 ms, four may wait, and sixteen ask for ever."""
    with on_a_socket() as running:
        running.engine.takes_s = 0.02
        running.gate.set()
        with flood(running, 16) as told:
            time.sleep(0.2)
            answers = []
            for _ in range(5):
                answers.append(asked(running)[9:12])
                time.sleep(0.05)
    assert answers == [b"200"] * 5
    assert told[b"429"] > told[b"200"] > 0


def test_a_request_that_gives_way_is_told_so_at_once() -> None:
    with on_a_socket() as running, ExitStack() as stack:
        flooding = stack.enter_context(many(running.url, 5, whole(PICTURE), FLOODER))
        running.has(requests=5)
        honest = stack.enter_context(running.send())
        [ended], _, _ = select.select(flooding, [], [], 5)
        said = ended.recv(10_000)
        assert said.startswith(b"HTTP/1.1 429 ")
        assert b"retry-after: 1" in said
        running.has(requests=5)
        running.gate.set()
        assert honest.recv(10_000).startswith(b"HTTP/1.1 200 ")


def test_callers_behind_one_address_have_the_whole_capacity_while_alone() -> None:
    with on_a_socket() as running, many(running.url, 5, whole(PICTURE)) as callers:
        running.has(requests=5)
        running.gate.set()
        assert {caller.recv(10_000)[9:12] for caller in callers} == {b"200"}


def test_bodies_that_wait_for_their_answer_leave_room_for_a_newcomer() -> None:
    large = encoded(flat(230)) + b"\0" * 30_000
    with on_a_socket(max_queued_bytes=100_000) as running, ExitStack() as stack:
        flooding = stack.enter_context(many(running.url, 3, whole(large), FLOODER))
        running.has(requests=3)
        honest = stack.enter_context(connected(running.url))
        honest.sendall(whole(large))
        [ended], _, _ = select.select(flooding, [], [], 5)
        assert ended.recv(10_000).startswith(b"HTTP/1.1 429 ")
        running.gate.set()
        assert honest.recv(10_000).startswith(b"HTTP/1.1 200 ")

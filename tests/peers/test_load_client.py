"""The callers of the benchmark, before servers that answer well and badly."""

from __future__ import annotations

import contextlib
import socketserver
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from load_client import Load, LoadError, ask_once, drive

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nend"

Answer = Callable[[socketserver.BaseRequestHandler], bool]


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[int]:
    """The port of a server that reads requests that end in ``end``; it hangs up after a False."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                while self.read() and answer(self):
                    pass

        def read(self) -> bool:
            last = b""
            while not last.endswith(b"end"):
                part = self.request.recv(1_000_000)
                if not part:
                    return False
                last = (last + part)[-3:]
            return True

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def says(*parts: bytes, pause_s: float = 0.0, stays: bool = True) -> Answer:
    def answer(handler: socketserver.BaseRequestHandler) -> bool:
        for part in parts:
            handler.request.sendall(part)
            time.sleep(pause_s)
        return stays

    return answer


def load(
    answer: Answer, connections: int = 2, seconds: float = 0.1, request: bytes = REQUEST
) -> Load:
    with serving(answer) as port:
        return drive(port, request, connections, warm_up_s=0.0, seconds=seconds)


def test_answers_are_counted_and_timed() -> None:
    found = load(says(GOOD, pause_s=0.005))
    assert 4 <= found.counted <= found.requests <= 42
    assert len(found.latencies_ms) == found.counted
    assert 0 < min(found.latencies_ms) < 60
    assert found.client_cpu_s > 0


def test_what_comes_in_the_warm_up_is_not_counted() -> None:
    with serving(says(GOOD, pause_s=0.005)) as port:
        found = drive(port, REQUEST, 1, warm_up_s=0.05, seconds=0.05)
    assert 0 < found.counted < found.requests


def test_an_answer_that_comes_bit_by_bit_is_waited_for() -> None:
    bits = [GOOD[:10], GOOD[10:30], GOOD[30:]]
    found = load(says(*bits, pause_s=0.005))
    assert min(found.latencies_ms) > 9


def test_a_request_larger_than_the_buffers_is_sent_whole() -> None:
    large = REQUEST[:-3] + bytes(3_000_000) + b"end"
    assert load(says(GOOD), connections=1, request=large).counted > 0


def test_chunks_are_joined() -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    with serving(says(chunked)) as port:
        assert ask_once(port, REQUEST) == b"abcde"


def test_a_server_that_closes_each_connection_as_it_says_is_called_again() -> None:
    closing = GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert load(says(closing, stays=False)).counted > 2


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (says(GOOD.replace(b"200 OK", b"500 Oh no")), "answered 500 Oh no: ok"),
        (says(GOOD.replace(b"200 OK", b"429 Full")), "answered 429 Full"),
        (says(stays=False), "hung up without an answer"),
        (says(GOOD, stays=False), "hung up"),
        (says(GOOD[:-1], stays=False), "answered in part"),
        (says(b"HTTP/1.1 200 OK\r\n\r\nok"), "without a length"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok"), "without a length"),
    ],
)
def test_a_fault_is_told_in_words(answer: Answer, fault: str) -> None:
    with pytest.raises(LoadError, match=fault):
        load(answer)


def test_a_server_that_is_too_slow_to_count_gives_no_figure() -> None:
    with pytest.raises(LoadError, match="no answer within"):
        load(says(b"", GOOD, pause_s=0.06), connections=1, seconds=0.03)


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("load_client._PATIENCE_S", 0.05)
    with pytest.raises(LoadError, match="no answer within"):
        load(says())

"""HTTP/1.1 as RFC 9112 and RFC 9110 have it, byte by byte: each request says what they ask for.

Behind each goes another request. Where the first is answered and its connection kept, the second is
answered as itself; where the connection is closed, nothing of what follows is taken for a request.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest

from live_service import on_a_socket
from raw_answers import MARK, Replies, asked
from raw_callers import connected
from rfc9112_cases import BODY, CASES, CHUNKED, EITHER, HOST, LENGTH, POST, Case, get, posted


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with on_a_socket() as running:
        running.gate.set()
        yield running.url


@pytest.mark.parametrize("case", CASES, ids=[f"{case.section} {case.says}" for case in CASES])
def test_a_request_is_answered_as_the_standard_asks(url: str, case: Case) -> None:
    reply, is_kept = asked(url, case.request)
    assert reply is not None
    assert reply.status in case.statuses
    assert case.keeps in (is_kept, EITHER)
    assert "date" in reply.headers  # RFC 9110 section 6.6.1
    is_head = case.request.startswith(b"HEAD")
    if reply.status >= 400 and not is_head:
        assert reply.headers["content-type"] == "application/problem+json"
        assert json.loads(reply.body)["status"] == reply.status
    if not is_kept and reply.status >= 400:
        assert reply.headers["connection"] == "close"


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_what_a_browser_asks_before_it_sends_has_one_framing_too(version: bytes) -> None:
    """RFC 9112 section 6.1, where pages of other hosts may call."""
    asks = b"Origin: https://a.example\r\nAccess-Control-Request-Method: POST\r\n"
    line = b"OPTIONS /predict HTTP/" + version + b"\r\nConnection: keep-alive\r\n"
    request = get(HOST + asks + b"Content-Length: 5\r\n" + CHUNKED[:-2], line, b"0\r\n\r\n")
    with on_a_socket(cors_origins="https://a.example") as running:
        reply, is_kept = asked(running.url, request)
    assert reply is not None
    assert (reply.status, is_kept) == (400, False)
    assert reply.headers["content-type"] == "application/problem+json"


def test_a_caller_who_asks_before_he_sends_is_told_to_go_on(url: str) -> None:
    """RFC 9110 section 10.1.1."""
    with connected(url) as connection:
        connection.sendall(POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % LENGTH)
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(BODY)
        assert Replies(connection).next().status == 200


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (get(HOST + b"X-A: " + b"a" * 20_000 + b"\r\n"), 431),
        (get(line=b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n"), 414),
    ],
    ids=["headers", "a target"],
)
def test_what_is_too_long_is_named_also_where_it_comes_whole_and_alone(
    url: str, request_: bytes, status: int
) -> None:
    with connected(url) as connection:
        connection.sendall(request_)
        assert Replies(connection).next().status == status


def test_requests_in_a_row_are_answered_in_their_order(url: str) -> None:
    """RFC 9112 section 9.3.2."""
    with connected(url) as connection:
        form = posted(b"Content-Length: %d\r\n\r\n" % LENGTH)
        connection.sendall(get() + form + get(line=b"GET /nothing HTTP/1.1\r\n") + form + MARK)
        replies = Replies(connection)
        assert [replies.next().status for _ in range(5)] == [200, 200, 404, 200, 200]


def test_however_many_requests_are_sent_ahead_each_is_answered(url: str) -> None:
    form = posted(b"Content-Length: %d\r\n\r\n" % LENGTH)
    with connected(url) as connection:
        sending = threading.Thread(target=connection.sendall, args=((form + MARK * 99) * 12,))
        sending.start()
        replies = Replies(connection)
        assert [replies.next().is_mark for _ in range(1200)] == ([False] + [True] * 99) * 12
        sending.join()

"""What a caller can do with HTTP itself, byte by byte, against a real server process."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from builders import encoded, film

FILM = encoded(film(300, 300), "PNG")
FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
FORM += FILM + b"\r\n--x--\r\n"
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(FORM), FORM)
POST = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
WITH_LENGTH = POST + b"Content-Length: %d\r\n" % len(FORM)


@pytest.fixture(scope="module")
def service(running: Callable[..., Any]) -> Iterator[Any]:
    with running() as service:
        yield service
        status, log = service.stop()
    assert status == 0
    assert_nothing_below_wrote_warnings_or_tracebacks(log)


def assert_nothing_below_wrote_warnings_or_tracebacks(log: str) -> None:
    assert "Traceback" not in log
    events = [json.loads(line) for line in log.splitlines()]
    loud = {event["event"] for event in events if event["level"] in ("warning", "error")}
    assert loud <= {"Invalid HTTP request received.", "nobody is asked for a key"}


@pytest.fixture(scope="module")
def client(service: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url) as client:
        yield client


def connected(service: Any) -> socket.socket:
    host, port = service.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def answer_on(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the next answer, which may have no length but the end."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    while len(body) < int(headers["content-length"]):
        body += _more(connection)
    return int(status.split()[1]), headers, body


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    assert data, "the server hung up"
    return data


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def assert_refused_and_closed(service: Any, request: bytes) -> dict[str, Any]:
    with connected(service) as connection:
        connection.sendall(request)
        status, headers, body = answer_on(connection)
        connection.shutdown(socket.SHUT_WR)
        assert status == 400
        assert headers["connection"] == "close"
        assert headers["content-type"] == "application/problem+json"
        assert headers["x-content-type-options"] == "nosniff"
        assert is_closed(connection)
    problem = json.loads(body)
    assert problem["status"] == 400
    return dict(problem)


@pytest.mark.parametrize(
    "request_bytes",
    [
        POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n" + CHUNKED,
        POST + b"content-length: 1\r\nTRANSFER-ENCODING: Chunked\r\n\r\n" + CHUNKED,
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKED,
    ],
)
def test_a_body_with_two_lengths_is_refused_and_its_connection_ends(
    service: Any, request_bytes: bytes
) -> None:
    """RFC 9112 section 6.1: such a request may be an attempt at smuggling."""
    problem = assert_refused_and_closed(service, request_bytes)
    assert "Transfer-Encoding" in problem["detail"]


def test_a_body_that_hides_behind_a_small_length_fills_no_memory(service: Any) -> None:
    before = service.memory_mb()
    with connected(service) as connection:
        head = b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(POST + head + CHUNKED.partition(b"\r\n")[0])
        assert answer_on(connection)[0] == 400
        try:
            for _ in range(30):
                connection.sendall(b"100000\r\n" + bytes(0x100000) + b"\r\n")
        except ConnectionError:  # it need not listen to the end
            pass
    assert service.memory_mb() - before < 10


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nlong: \0\r\n\r\n",
        WITH_LENGTH + b"Content-Length: 3\r\n\r\n" + FORM,
        POST + b"Content-Length: 3, 4\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: +5\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
    ],
)
def test_malformed_http_is_a_problem_document(service: Any, request_bytes: bytes) -> None:
    problem = assert_refused_and_closed(service, request_bytes)
    assert problem["code"] == "bad_request"
    assert "HTTP" in problem["detail"]


def test_a_body_in_crumbs_is_refused_before_it_costs_much(service: Any) -> None:
    crumbs = b"1\r\nx\r\n" * 100_000
    head = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(FORM[:200]), FORM[:200])
    with connected(service) as connection:
        connection.sendall(POST + head + crumbs)
        status, headers, body = answer_on(connection)
    assert (status, headers["connection"]) == (400, "close")
    assert "small pieces" in json.loads(body)["detail"]


def test_a_body_in_pieces_is_put_together(service: Any) -> None:
    pieces = [FORM[start : start + 50] for start in range(0, len(FORM), 50)]
    with connected(service) as connection:
        connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in pieces))
        connection.sendall(b"0\r\n\r\n")
        assert answer_on(connection)[0] == 200


def test_one_length_said_twice_is_one_length(service: Any) -> None:
    """RFC 9112 section 6.3 leaves the choice."""
    with connected(service) as connection:
        connection.sendall(WITH_LENGTH + WITH_LENGTH.rsplit(b"\r\n", 2)[1] + b"\r\n\r\n" + FORM)
        assert answer_on(connection)[0] == 200


@pytest.mark.parametrize("path", ["/", "/model", "/health/live", "/health/ready", "/openapi.json"])
def test_head_answers_as_get_without_the_body(client: httpx.Client, path: str) -> None:
    asked, got = client.head(path), client.get(path)
    assert (asked.status_code, asked.content) == (200, b"")
    of_its_own = {"date", "x-request-id"}
    assert {k: v for k, v in asked.headers.items() if k not in of_its_own} == {
        k: v for k, v in got.headers.items() if k not in of_its_own
    }


def test_head_of_what_has_no_get_is_refused_without_a_body(client: httpx.Client) -> None:
    refused = client.head("/predict")
    assert (refused.status_code, refused.headers["allow"]) == (405, "OPTIONS, POST")
    assert client.head("/nothing").status_code == 404


@pytest.mark.parametrize("path", ["/", "/model", "/docs", "/health/live", "/nothing", "/predict"])
def test_no_answer_may_be_taken_for_another_kind_of_file(client: httpx.Client, path: str) -> None:
    assert client.get(path).headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "charset", ["unicode_escape", "raw-unicode-escape", "utf-16", "idna", "no-such", "os"]
)
@pytest.mark.parametrize("name", [b"file", b"\\ud800"])
def test_a_form_in_another_charset_than_utf_8_is_refused(
    client: httpx.Client, charset: str, name: bytes
) -> None:
    form = FORM.replace(b"a.png", b"\\ud800.png").replace(b'"file"', b'"' + name + b'"')
    headers = {"content-type": f"multipart/form-data; boundary=x; charset={charset}"}
    refused = client.post("/predict", content=form, headers=headers)
    assert refused.status_code == 400
    assert "UTF-8" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("utf-8", b"\\ud800.png"),
        ("UTF8", b"\xed\xa0\x80.png"),
        ('"utf-8"', b"\xff.png"),
        ("us-ascii", b"\xff.png"),
        ("iso-8859-1", b"\xe9.png"),
    ],
)
def test_a_file_may_have_any_name_in_a_usual_charset(
    client: httpx.Client, charset: str, name: bytes
) -> None:
    headers = {"content-type": f"multipart/form-data; boundary=x; charset={charset}"}
    form = FORM.replace(b"a.png", name)
    assert client.post("/predict", content=form, headers=headers).status_code == 200


@pytest.mark.parametrize("start", [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"])
def test_a_refusal_shows_nothing_of_the_memory_of_the_service(
    client: httpx.Client, start: bytes
) -> None:
    for rest in (b"", b"x" * 300, FILM[8:60], FILM[8:300]):
        refused = client.post("/predict", files={"file": ("a.png", start + rest)})
        assert refused.status_code == 422
        assert not re.search(r"0x[0-9a-f]{6}| object at |BytesIO", refused.text), refused.text


def test_a_caller_who_asks_for_another_protocol_is_answered_in_this_one(service: Any) -> None:
    with connected(service) as connection:
        head = b"GET /model HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: %b\r\n\r\n"
        for protocol in (b"websocket", b"h2c"):
            connection.sendall(head % protocol)
            assert answer_on(connection)[0] == 200


@pytest.mark.parametrize("method", [b"POST", b"HEAD"])
def test_a_body_may_turn_out_malformed_before_or_after_its_answer(
    service: Any, method: bytes
) -> None:
    head = b" /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"
    with connected(service) as before, connected(service) as after:
        before.sendall(method + head + b"zz\r\n")
        assert before.recv(13) == b"HTTP/1.1 400 "
        after.sendall(method + head)
        assert after.recv(13) == b"HTTP/1.1 404 "
        after.sendall(b"zz\r\n")


def wait_until_no_longer_listening(service: Any) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            connected(service).close()
        except ConnectionError:
            return
        time.sleep(0.02)
    raise AssertionError("the service still listens")


def test_at_the_end_every_caller_gets_an_answer_and_is_told_that_it_is_the_last(
    running: Callable[..., Any],
) -> None:
    with (
        running() as service,
        connected(service) as sending,
        connected(service) as kept,
        connected(service) as silent,
    ):
        for connection in (kept, silent):
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            assert "connection" not in answer_on(connection)[1]
        sending.sendall(WITH_LENGTH + b"\r\n" + FORM[:500])
        time.sleep(0.2)
        service.process.terminate()
        wait_until_no_longer_listening(service)
        time.sleep(0.2)  # who had just asked then is still answered

        kept.sendall(WITH_LENGTH + b"\r\n" + FORM)
        status, headers, body = answer_on(kept)
        assert (status, json.loads(body)["code"]) == (503, "not_ready")
        assert (headers["connection"], "retry-after" in headers) == ("close", True)
        assert is_closed(kept)

        sending.sendall(FORM[500:])
        status, headers, _ = answer_on(sending)
        assert (status, headers["connection"]) == (200, "close")
        assert is_closed(sending)

        assert is_closed(silent)
        _, log = service.process.communicate(timeout=10)
    assert service.process.returncode == 0
    assert "Traceback" not in log

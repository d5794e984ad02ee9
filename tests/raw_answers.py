"""Answers read byte by byte: each request of a table is followed by one that must be told apart."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass

from raw_callers import connected

# What follows each request: answered where the connection is kept, never where it is closed.
MARK = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Request-ID: the-mark\r\n\r\n"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def is_mark(self) -> bool:
        return self.headers.get("x-request-id") == "the-mark"


class Replies:
    """Those on one connection, in their order."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = b""

    def next(self, *, has_body: bool = True) -> Reply:
        """Of a final status. Raises ConnectionError where there is none."""
        while True:
            head = self._until_empty_line().decode("latin-1")
            status = int(head.split()[1])
            if status >= 200:
                break
        fields = [line.partition(": ") for line in head.split("\r\n")[1:]]
        headers = {name.lower(): value for name, _, value in fields}
        length = int(headers.get("content-length", 0)) if has_body else 0
        while len(self._received) < length:
            self._more()
        body, self._received = self._received[:length], self._received[length:]
        return Reply(status, headers, body)

    def rest(self) -> bytes:
        """Until the connection ends."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            while True:
                self._more()
        return self._received

    def _until_empty_line(self) -> bytes:
        while b"\r\n\r\n" not in self._received:
            self._more()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        return head

    def _more(self) -> None:
        data = self._connection.recv(65536)
        if not data:
            raise ConnectionError("the server hung up")
        self._received += data


def asked(url: str, request: bytes) -> tuple[Reply | None, bool]:
    """What a request is answered with, if at all, and whether the mark behind it was answered too:
    else the connection is closed and nothing more was said on it.
    """
    with connected(url) as connection:
        replies = Replies(connection)
        with contextlib.suppress(ConnectionError):
            connection.sendall(request + MARK)
        try:
            reply = replies.next(has_body=not request.lstrip().startswith(b"HEAD"))
        except ConnectionError:
            return None, False
        if reply.headers.get("connection") == "close":
            assert replies.rest() == b""
            return reply, False
        try:
            mark = replies.next()
        except ConnectionError:
            return reply, False
        assert mark.is_mark, mark
        assert mark.status == 200
        return reply, True

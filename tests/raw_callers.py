"""Callers that keep no rules: raw connections that declare, trickle, wait, or say nothing."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

FORM = b"Content-Type: multipart/form-data; boundary=x\r\n"
BEGUN = b"--x\r\nContent-Disposition: form-data; name=file; filename=a.png\r\n\r\n"


def declared(n_bytes: int, path: str = "/predict") -> bytes:
    """The head of a request that says how much will come."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {n_bytes}\r\n".encode()
        + FORM
        + b"\r\n"
    )


def whole(*pictures: bytes, path: str = "/predict") -> bytes:
    """A complete request."""
    body = b"".join(BEGUN + picture + b"\r\n" for picture in pictures) + b"--x--\r\n"
    return declared(len(body), path) + body


def connected(url: str, address: str = "127.0.0.1") -> socket.socket:
    """From one of the addresses 127.x.x.x, which Linux all has."""
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10, source_address=(address, 0))


@contextmanager
def many(url: str, count: int, sends: bytes = b"", address: str = "127.0.0.1") -> Iterator[list]:
    """``count`` connections that each send the same and then nothing."""
    with ExitStack() as stack:
        connections = [stack.enter_context(connected(url, address)) for _ in range(count)]
        for connection in connections:
            with contextlib.suppress(OSError):  # may have been closed already
                connection.sendall(sends)
        yield connections


def closed_after_s(connection: socket.socket, trickle: bytes = b"") -> tuple[float, bytes]:
    """How long the service keeps the connection, sent ``trickle`` meanwhile, and what it says."""
    started, said = time.monotonic(), b""
    connection.settimeout(0.1)
    while time.monotonic() - started < 20:
        try:
            connection.sendall(trickle)
            part = connection.recv(10_000)
        except TimeoutError:
            continue
        except OSError:
            return time.monotonic() - started, said
        if not part:
            return time.monotonic() - started, said
        said += part
    return float("inf"), said

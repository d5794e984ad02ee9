"""Callers that send the same request over and over, each waiting for its answer.

    python load_client.py PORT CONNECTIONS WARM_UP_S SECONDS REQUEST_FILE

A process of its own, of the standard library alone, so that it takes next to nothing of the cores
that it measures on. Prints what it counted as JSON; ``failure`` says in words why there is nothing.
"""

from __future__ import annotations

import json
import resource
import selectors
import socket
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

_PATIENCE_S = 30.0
_PART_BYTES = 65536
_TOLD_BYTES = 200


class LoadError(Exception):
    """The server did not answer as asked."""


@dataclass
class Load:
    """``requests`` that were answered in all, ``counted`` those within ``seconds``, after the
    warm-up; their latencies in ms; the client's own CPU time.
    """

    requests: int = 0
    counted: int = 0
    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    client_cpu_s: float = 0.0


class Caller:
    """One connection: a request out, an answer in."""

    def __init__(self, port: int, request: bytes) -> None:
        self._port, self._request = port, request
        self.begun = 0.0
        self._connect()

    def _connect(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self._port), timeout=_PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(0)

    def begin(self) -> None:
        self.begun = time.perf_counter()
        self._unsent, self._answer = memoryview(self._request), bytearray()

    def is_sent(self) -> bool:
        return not self._unsent

    def send(self) -> None:
        try:
            self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except BlockingIOError:
            return
        except OSError as error:
            raise LoadError(f"hung up while a request was sent ({error})") from error

    def receive(self) -> bytes | None:
        """The body, once the answer is whole. Raises LoadError for any but a 200."""
        try:
            part = self.socket.recv(_PART_BYTES)
        except BlockingIOError:
            return None
        except OSError as error:
            raise LoadError(f"hung up without an answer ({error})") from error
        self._answer += part
        body = whole_body(bytes(self._answer))
        if body is None and not part:
            raise LoadError("hung up without an answer" if not self._answer else "answered in part")
        return body

    def renew(self) -> None:
        """Connect again where the server has said that it hangs up."""
        if b"\r\nconnection: close" in self._answer.partition(b"\r\n\r\n")[0].lower():
            self.socket.close()
            self._connect()


def whole_body(answer: bytes) -> bytes | None:
    """None while some of it is missing. Raises LoadError for any but a 200, and where no length is
    told.
    """
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return None
    fields = head.lower()
    length = fields.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0].strip()
    is_chunked = b"\r\ntransfer-encoding: chunked" in fields
    if not length.isdigit() and not is_chunked:
        raise LoadError("answered without a length")
    is_whole = body.endswith(b"0\r\n\r\n") if is_chunked else len(body) >= int(length)
    if not is_whole:
        return None
    if head.split(b" ", 2)[1] != b"200":
        status = head.partition(b"\r\n")[0].partition(b" ")[2].decode(errors="replace")
        said = body[:_TOLD_BYTES].decode(errors="replace")
        raise LoadError(f"answered {status}: {' '.join(said.split())}")
    return _joined(body) if is_chunked else body


def _joined(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        parts.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]
    return b"".join(parts)


def ask_once(port: int, request: bytes) -> bytes:
    """The body of one answer, on a connection of its own. Raises LoadError, OSError."""
    caller = Caller(port, request)
    with caller.socket:
        caller.socket.settimeout(_PATIENCE_S)
        caller.begin()
        while not caller.is_sent():
            caller.send()
        while True:
            body = caller.receive()
            if body is not None:
                return body


def drive(port: int, request: bytes, connections: int, warm_up_s: float, seconds: float) -> Load:
    """A closed loop on each connection. Raises LoadError at the first fault."""
    load, selector = Load(seconds=seconds), selectors.DefaultSelector()
    try:
        for _ in range(connections):
            _start(Caller(port, request), selector)
        counted_from = time.perf_counter() + warm_up_s
        while selector.get_map():
            ready = selector.select(_PATIENCE_S)
            if not ready:
                raise LoadError(f"gave no answer within {_PATIENCE_S:g} s")
            for key, _ in ready:
                _go_on(key.data, selector, load, (counted_from, counted_from + seconds))
    finally:
        for key in list(selector.get_map().values()):
            key.data.socket.close()
    if not load.counted:
        raise LoadError(f"gave no answer within {seconds:g} s")
    usage = resource.getrusage(resource.RUSAGE_SELF)
    load.client_cpu_s = usage.ru_utime + usage.ru_stime
    return load


def _start(caller: Caller, selector: selectors.BaseSelector) -> None:
    caller.begin()
    selector.register(caller.socket, selectors.EVENT_WRITE, caller)


def _go_on(
    caller: Caller,
    selector: selectors.BaseSelector,
    load: Load,
    counted: tuple[float, float],
) -> None:
    if not caller.is_sent():
        caller.send()
        if caller.is_sent():
            selector.modify(caller.socket, selectors.EVENT_READ, caller)
        return
    if caller.receive() is None:
        return
    now = time.perf_counter()
    load.requests += 1
    if counted[0] <= now < counted[1]:
        load.counted += 1
        load.latencies_ms.append(1000 * (now - caller.begun))
    selector.unregister(caller.socket)
    if now < counted[1]:
        caller.renew()
        _start(caller, selector)
    else:
        caller.socket.close()


def main(arguments: list[str]) -> None:
    port, connections, warm_up_s, seconds, request = arguments
    try:
        load = drive(
            int(port),
            Path(request).read_bytes(),
            int(connections),
            float(warm_up_s),
            float(seconds),
        )
        print(json.dumps(asdict(load)))
    except (LoadError, OSError) as error:
        print(json.dumps({"failure": str(error)}))


if __name__ == "__main__":
    main(sys.argv[1:])

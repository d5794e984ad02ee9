"""A real web server of files on the loopback, which can also be broken in every way of the web."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """A file. ``acts`` are played once each, before the server behaves."""

    data: bytes
    acts: list[Act] = field(default_factory=list)
    etag: str | None = "of the content"
    has_ranges: bool = True
    headers: dict[str, str] = field(default_factory=dict)

    def version(self) -> str | None:
        if self.etag == "of the content":
            return f'"{hashlib.md5(self.data, usedforsecurity=False).hexdigest()}"'
        return self.etag


@dataclass(frozen=True)
class Asked:
    path: str
    headers: dict[str, str]


class Files:
    """``server["/m.keras"] = data``; ``asked`` is what clients wanted so far."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self._files: dict[str, Served] = {}

    def __setitem__(self, path: str, served: bytes | Served) -> None:
        self._files[path] = served if isinstance(served, Served) else Served(served)

    def __getitem__(self, path: str) -> Served:
        return self._files[path]

    def __delitem__(self, path: str) -> None:
        del self._files[path]

    def find(self, path: str) -> Served | None:
        return self._files.get(path) or self._files.get(path.partition("?")[0])

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files: Files

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.files.asked.append(Asked(self.path, headers))
        served = self.files.find(self.path)
        if served is None:
            self.answer(404, b"nothing here")
        elif served.acts:
            served.acts.pop(0)(self, served)
        else:
            behave(self, served)

    def answer(self, status: int, data: bytes = b"", **headers: str) -> None:
        self.begin(status, len(data), **headers)
        self.wfile.write(data)

    def begin(self, status: int, length: int | None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        else:
            self.close_connection = True
        self.end_headers()

    def cut(self) -> None:
        self.close_connection = True
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Not into the tests' output."""


Act = Callable[[Handler, Served], None]


def behave(handler: Handler, served: Served, *, cut_after: int | None = None) -> None:
    """As RFC 9110 says: conditions, ranges, lengths. ``cut_after`` bytes the connection ends."""
    headers = {**served.headers}
    version, asked = served.version(), {k.lower(): v for k, v in handler.headers.items()}
    if version is not None:
        headers["ETag"] = version
        if asked.get("if-none-match") == version:
            handler.begin(304, None, **headers)
            return
    start = 0
    if served.has_ranges and "range" in asked and asked.get("if-range") in (None, version):
        start = int(asked["range"].removeprefix("bytes=").removesuffix("-"))
        headers["Content-Range"] = f"bytes {start}-{len(served.data) - 1}/{len(served.data)}"
    rest = served.data[start:]
    handler.begin(206 if start else 200, len(rest), **headers)
    handler.wfile.write(rest[:cut_after])
    if cut_after is not None:
        handler.cut()


def cut(after: int) -> Act:
    return lambda handler, served: behave(handler, served, cut_after=after)


def status(number: int, data: bytes = b"", **headers: str) -> Act:
    return lambda handler, _: handler.answer(number, data, **headers)


def redirect(url: str) -> Act:
    return lambda handler, _: handler.answer(302, b"", Location=url)


def hang_up(handler: Handler, served: Served) -> None:
    handler.close_connection = True


def announce(length: int) -> Act:
    """Say another length than the file has, send the file, and hang up."""

    def act(handler: Handler, served: Served) -> None:
        handler.begin(200, length)
        with contextlib.suppress(OSError):
            handler.wfile.write(served.data)
        handler.cut()

    return act


def silent(seconds: float, after: int = 0) -> Act:
    def act(handler: Handler, served: Served) -> None:
        handler.begin(200, len(served.data))
        handler.wfile.write(served.data[:after])
        handler.wfile.flush()
        time.sleep(seconds)
        handler.close_connection = True

    return act


def endless(pause_s: float = 0) -> Act:
    def act(handler: Handler, served: Served) -> None:
        handler.begin(200, None)
        with contextlib.suppress(OSError):
            while True:
                handler.wfile.write(served.data)
                time.sleep(pause_s)

    return act


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what many tests are about."""


@contextlib.contextmanager
def serving() -> Iterator[Files]:
    class Bound(Handler):
        pass

    server = _Server(("127.0.0.1", 0), Bound)
    Bound.files = Files(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Bound.files
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

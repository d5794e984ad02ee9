"""The web server process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
from fastapi import FastAPI

from vistazo.api.app import create_app
from vistazo.api.connection_limits import ACCEPTED_AT_ONCE, ConnectionPolicy, bounded_http
from vistazo.api.listener import BACKLOG, listen
from vistazo.api.service import Service
from vistazo.errors import SettingsError, VistazoError
from vistazo.service.allocator import give_back_freed_blocks
from vistazo.service.metrics import Metrics
from vistazo.service.settings import Settings
from vistazo.service.telemetry import configure_logging

log = logging.getLogger(__name__)

# A worker that comes back from what runs beside Python waits so long for an event loop that is busy
# refusing; Python's own 5 ms, ten times a picture, are more than the picture.
_SWITCH_S = 0.0005
# Requests that have just arrived when the port is closed have begun after so long.
_ARRIVING_S = 0.05
_CANNOT_SERVE = 2  # the exit status, as that of ``vistazo serve``


class _Server(uvicorn.Server):
    """Ends with exit status 0 after a signal that asks for it, once running requests are done.

    ``on_signal`` is called as soon as it comes, ``on_closed`` when nobody can come any more.
    """

    def __init__(
        self, config: uvicorn.Config, on_signal: Callable[[], None], on_closed: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_signal, self._on_closed = on_signal, on_closed

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_signal()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(BACKLOG)  # asyncio has set it to how many it accepts at a time

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().call_later(_ARRIVING_S, self._on_closed)
        await super().shutdown(sockets)  # first it closes the port, and connections at rest

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        handled = [signal.SIGINT, signal.SIGTERM]
        originals = {number: signal.signal(number, self.handle_exit) for number in handled}
        try:
            yield
        finally:
            for number, handler in originals.items():
                signal.signal(number, handler)


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises ModelError where the model cannot be served."""
    sys.setswitchinterval(_SWITCH_S)
    failures: list[VistazoError] = []

    def on_failed_start(error: VistazoError) -> None:
        failures.append(error)
        server.should_exit = True

    app = create_app(settings, on_failed_start)
    ended: Counter[str] = Counter()
    service: Service = app.state.service
    server = _Server(server_config(app, settings, ended), service.begin_to_drain, service.turn_away)
    _measure(app.state.metrics, server, ended)
    with listen(settings.host, settings.port) as listener:
        host, port = listener.getsockname()[:2]
        log.info("listening", extra={"url": f"http://{host}:{port}", "docs": "/docs"})
        server.run(sockets=[listener])
    if failures:
        raise failures[0]


def _measure(metrics: Metrics, server: uvicorn.Server, ended: Counter[str]) -> None:
    connections = server.server_state.connections
    metrics.shows("vistazo_connections", "Connections that are open.", lambda: len(connections))
    metrics.shows_counts(
        "vistazo_connections_ended",
        "Connections that were ended for what their callers did.",
        "reason",
        lambda: ended,
    )


def server_config(
    app: FastAPI, settings: Settings, ended: Counter[str] | None = None
) -> uvicorn.Config:
    """Connections that pass a bound are counted in ``ended``, by the reason."""
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=bounded_http(connection_policy(settings), ended),
        backlog=ACCEPTED_AT_ONCE,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # it would believe every program on this machine; see Forwarded
        timeout_graceful_shutdown=int(settings.drain_timeout_s),
    )


def connection_policy(settings: Settings) -> ConnectionPolicy:
    return ConnectionPolicy(
        settings.max_connections, settings.header_timeout_s, settings.keep_alive_timeout_s
    )


def application() -> FastAPI:
    """The service for whoever runs a server of their own: ``uvicorn main:app``.

    Where a setting or the model cannot be used, the process ends and says why: a server that
    answers 503 for ever would look alive.
    """
    give_back_freed_blocks()
    try:
        settings = Settings.from_environment()
        configure_logging(settings.log_format, settings.log_level)
        return create_app(settings, _end_the_process)
    except SettingsError as error:
        sys.stderr.write(f"vistazo: {error}\n")
        sys.exit(_CANNOT_SERVE)


def _end_the_process(_: VistazoError) -> None:
    """From outside of any task: there it is the event loop that ends, and with it the server."""
    asyncio.get_running_loop().call_soon(sys.exit, _CANNOT_SERVE)

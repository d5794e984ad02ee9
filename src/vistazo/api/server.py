"""The web server process."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
from fastapi import FastAPI

from vistazo.api.app import create_app
from vistazo.api.connection_limits import ACCEPTED_AT_ONCE, ConnectionPolicy, bounded_http
from vistazo.errors import SettingsError, VistazoError
from vistazo.service.allocator import give_back_freed_blocks
from vistazo.service.settings import Settings
from vistazo.service.telemetry import configure_logging

log = logging.getLogger(__name__)

_BACKLOG = 2048  # the kernel's, for connections that are not accepted yet
_FIRST_PORT_FOR_ALL = 1024
_CANNOT_SERVE = 2  # the exit status, as that of ``vistazo serve``


class _Server(uvicorn.Server):
    """Ends with exit status 0 after a signal that asks for it, once running requests are done.

    ``on_signal`` is called as soon as it comes.
    """

    def __init__(self, config: uvicorn.Config, on_signal: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_signal = on_signal

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_signal()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(_BACKLOG)  # asyncio has set it to how many it accepts at a time

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
    failures: list[VistazoError] = []

    def on_failed_start(error: VistazoError) -> None:
        failures.append(error)
        server.should_exit = True

    app = create_app(settings, on_failed_start)
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=bounded_http(connection_policy(settings)),
        backlog=ACCEPTED_AT_ONCE,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(settings.drain_timeout_s),
    )
    server = _Server(config, app.state.service.turn_away)
    with listen(settings) as listener:
        host, port = listener.getsockname()[:2]
        log.info("listening", extra={"url": f"http://{host}:{port}", "docs": "/docs"})
        server.run(sockets=[listener])
    if failures:
        raise failures[0]


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


def listen(settings: Settings) -> socket.socket:
    """Listen on HOST and PORT. Raises SettingsError where that cannot be."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio sends answers at once (TCP_NODELAY) only on sockets that name their protocol; else
    # each answer on a kept connection waits for the client's delayed acknowledgement, about 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"Cannot listen on {settings.host}, port {settings.port}: "
            f"{_why_not(error, settings.port)}"
        ) from error
    listener.listen(_BACKLOG)
    return listener


def _why_not(error: OSError, port: int) -> str:
    """In words, and what to do."""
    if error.errno == errno.EADDRINUSE:
        why = "it is in use by another program"
    elif error.errno == errno.EACCES and port < _FIRST_PORT_FOR_ALL:
        return (
            f"here only root may use a port below {_FIRST_PORT_FOR_ALL}. Set PORT=8000, or start "
            "the container with --sysctl net.ipv4.ip_unprivileged_port_start=0 (Docker does so by "
            "itself since 20.10)."
        )
    else:
        why = error.strerror or "it cannot be had"
    return f"{why}. Set HOST and PORT to an address that is free, such as PORT=8001."

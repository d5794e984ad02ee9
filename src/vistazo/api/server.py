"""The web server process."""

from __future__ import annotations

import contextlib
import errno
import logging
import signal
import socket
from collections.abc import Iterator

import uvicorn

from vistazo.api.app import create_app
from vistazo.errors import SettingsError, VistazoError
from vistazo.service.settings import Settings

log = logging.getLogger(__name__)

_BACKLOG = 128


class _Server(uvicorn.Server):
    """Ends with exit status 0 after a signal that asks for it, once running requests are done."""

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

    config = uvicorn.Config(
        create_app(settings, on_failed_start),
        loop="asyncio",
        http="h11",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(settings.drain_timeout_s),
    )
    server = _Server(config)
    with listen(settings) as listener:
        host, port = listener.getsockname()[:2]
        log.info("listening", extra={"url": f"http://{host}:{port}", "docs": "/docs"})
        server.run(sockets=[listener])
    if failures:
        raise failures[0]


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
        why = "is in use by another program" if error.errno == errno.EADDRINUSE else error.strerror
        raise SettingsError(
            f"Cannot listen on {settings.host}, port {settings.port}: it {why}. "
            "Set HOST and PORT to an address that is free, such as PORT=8001."
        ) from error
    listener.listen(_BACKLOG)
    return listener

"""The metrics on a port of their own, where no proxy shows them to everybody."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp

from vistazo.api.connection_limits import ACCEPTED_AT_ONCE, ConnectionPolicy, bounded_http
from vistazo.api.listener import listen

log = logging.getLogger(__name__)

# For a few machines that ask four times a minute.
_CONNECTIONS = ConnectionPolicy(
    max_connections=64, header_timeout_s=10.0, keep_alive_timeout_s=75.0
)


class _Server(uvicorn.Server):
    """Beside another one, which has the signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, host: str, port: int) -> AsyncIterator[None]:
    """Answer there, until the end of the context. Raises SettingsError where that cannot be."""
    config = uvicorn.Config(
        app,
        http=bounded_http(_CONNECTIONS),
        backlog=ACCEPTED_AT_ONCE,
        ws="none",
        proxy_headers=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    with listen(host, port, "METRICS_") as listener:
        log.info("listening for metrics", extra={"url": f"http://{host}:{port}/metrics"})
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await running

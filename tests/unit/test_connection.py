"""How much is read of a connection at a time."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from vistazo.api.connection import Connection


class Transport(asyncio.Transport):
    max_size = 256 * 1024

    def get_extra_info(self, *_: Any) -> Any:
        return None


async def app(scope: object, receive: object, send: object) -> None: ...


async def reads_of(connections: int) -> list[int]:
    config, state = Config(app), ServerState()
    config.load()
    transports = [Transport() for _ in range(connections)]
    for transport in transports:
        Connection(config, state, {}).connection_made(transport)
    return [transport.max_size for transport in transports]


def test_a_crowd_that_sends_all_at_once_is_read_in_small_pieces() -> None:
    reads = asyncio.run(reads_of(1000))
    assert reads[0] == 256 * 1024
    assert sum(reads) < 70_000_000, "bytes that nobody is charged for yet"

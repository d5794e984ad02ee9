"""The socket that the service listens on."""

import asyncio
import socket

import pytest

from vistazo.api.server import listen
from vistazo.errors import SettingsError
from vistazo.service.settings import Settings


def test_answers_on_a_kept_connection_are_sent_at_once() -> None:
    async def is_sent_at_once() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def look(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted = writer.get_extra_info("socket")
            found.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = listen(Settings.model_validate({"port": 0}))
        async with await asyncio.start_server(look, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
            writer.close()
            return await found

    assert asyncio.run(is_sent_at_once())


def test_a_port_in_use_is_told_in_words() -> None:
    with listen(Settings.model_validate({"port": 0})) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port}: it is in use by another program"):
            listen(Settings.model_validate({"port": port}))

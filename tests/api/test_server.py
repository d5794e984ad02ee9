"""The socket that the service listens on."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from vistazo.api.listener import listen
from vistazo.errors import SettingsError


def test_answers_on_a_kept_connection_are_sent_at_once() -> None:
    async def is_sent_at_once() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def look(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted = writer.get_extra_info("socket")
            found.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = listen("127.0.0.1", 0)
        async with await asyncio.start_server(look, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
            writer.close()
            return await found

    assert asyncio.run(is_sent_at_once())


def test_a_port_in_use_is_told_in_words() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port}: it is in use by another program"):
            listen("127.0.0.1", port)


FIRST_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


@pytest.fixture
def nobody() -> Iterator[None]:
    """Without root's rights, as in the container."""
    if not FIRST_PORT.exists() or int(FIRST_PORT.read_text()) <= 80:
        pytest.skip("here any user may use port 80")
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_a_port_that_only_root_may_use_has_a_sentence_of_its_own(nobody: None) -> None:
    with pytest.raises(SettingsError, match="only root may use a port below 1024") as refused:
        listen("127.0.0.1", 80)
    assert "PORT=8080" in str(refused.value)
    assert "--sysctl net.ipv4.ip_unprivileged_port_start=0" in str(refused.value)


def test_an_address_that_is_not_of_this_machine_is_told_in_the_systems_words() -> None:
    with pytest.raises(SettingsError, match=r"[Cc]annot assign requested address"):
        listen("192.0.2.1", 8000)

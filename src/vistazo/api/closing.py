"""The last answer on a connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINGER_S = 5.0


def closing(
    receive: Receive, send: Send, is_last: Callable[[], bool] = lambda: True
) -> tuple[Receive, Send]:
    """Answer first, then throw away what still arrives, for a while, and close the connection.

    A client that is busy sending does not look for an answer, and a connection closed under it
    loses the answer: so it may finish, into nothing. ``is_last`` is asked when the answer begins.
    """
    is_read = is_closing = False

    async def noting() -> Message:
        nonlocal is_read
        message = await receive()
        is_read = not message.get("more_body", False)
        return message

    async def send_and_linger(message: Message) -> None:
        nonlocal is_closing
        if message["type"] == "http.response.start" and is_last():
            MutableHeaders(scope=message)["Connection"] = "close"
            is_closing = True
        elif is_closing and not is_read and not message.get("more_body", False):
            await send({**message, "more_body": True})
            await _discard(noting)
            message = {"type": "http.response.body", "body": b""}
        await send(message)

    return noting, send_and_linger


async def _discard(receive: Receive) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            while (await receive()).get("more_body", False):
                pass


class LastAnswers:
    """While the service drains, each answer says that it is the last on its connection.

    A caller that keeps its connection would else send its next request into one that is closing,
    and lose it. (RFC 9112 section 9.6)
    """

    def __init__(self, app: ASGIApp, is_draining: Callable[[], bool]) -> None:
        self._app = app
        self._is_draining = is_draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            receive, send = closing(receive, send, self._is_draining)
        await self._app(scope, receive, send)

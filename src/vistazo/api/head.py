"""What GET would answer, without the body, and who may ask for it."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ASKED = "vistazo.head"


class HeadAsGet:
    """Answers HEAD wherever GET is answered, with the same headers (RFC 9110 section 9.3.2), and
    names it wherever GET is named as allowed (section 10.2.1).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"

        async def send_as_asked(message: Message) -> None:
            if message["type"] == "http.response.start":
                _allow_head(MutableHeaders(scope=message))
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        scope = {**scope, "method": "GET", _ASKED: True} if is_head else scope
        await self._app(scope, receive, send_as_asked)


def is_for_head(scope: Scope) -> bool:
    """Whether the body of the answer to this GET is thrown away."""
    return bool(scope.get(_ASKED))


def _allow_head(headers: MutableHeaders) -> None:
    allowed = headers.get("allow", "").split(", ")
    if "GET" in allowed and "HEAD" not in allowed:
        headers["allow"] = ", ".join([*allowed, "HEAD"])

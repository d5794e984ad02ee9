"""A path that no table of paths can know."""

from __future__ import annotations

import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from vistazo.api.limits import refuse
from vistazo.api.problems import on_http_exception

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class PlainPath:
    """Answers a path with a control character as one that is not there, whoever asks.

    A route of Starlette's ends with ``$``, which also fits before a last newline: ``/metrics%0A``
    would be answered as /metrics, past all that holds for that: keys, limits, methods, measures.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _CONTROL.search(scope["path"]):
            told = await on_http_exception(Request(scope), HTTPException(404))
            await refuse(told, scope, receive, send)
            return
        await self._app(scope, receive, send)

"""The methods that a path has."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from vistazo.api.limits import refuse
from vistazo.api.paths import route_path
from vistazo.api.problems import on_http_exception

_OPTIONS, _WHOLE_SERVER = "OPTIONS", "*"


class OnlyItsMethods:
    """Refuses others, whoever asks, before a key is looked at or a body read (RFC 9110 15.5.6), and
    tells whoever asks which there are (9.3.7).
    """

    def __init__(self, app: ASGIApp, methods: Mapping[str, Collection[str]]) -> None:
        self._app = app
        everywhere = {method for each in methods.values() for method in each}
        self._methods = {**methods, _WHOLE_SERVER: everywhere}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowed = self._methods.get(route_path(scope)) if scope["type"] == "http" else None
        if allowed is None or scope["method"] in allowed:
            await self._app(scope, receive, send)
            return
        headers = {"Allow": ", ".join(sorted({*allowed, _OPTIONS}))}
        if scope["method"] == _OPTIONS:
            told = Response(status_code=204, headers=headers)
        else:
            told = await on_http_exception(Request(scope), HTTPException(405, headers=headers))
        await refuse(told, scope, receive, send)

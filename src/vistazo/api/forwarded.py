"""Behind proxies that are trusted: whose request it is, in place of theirs."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from vistazo.service.access.proxies import Network, client_of, is_trusted


class Forwarded:
    """Puts into the scope which address a request comes from, and by which scheme.

    Only ``trusted`` proxies are believed. uvicorn's own way believes everybody on this machine, and
    with ``*`` the first address of the header, which is the caller's to write.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[Network]) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = scope["client"][0] if scope["type"] == "http" and scope.get("client") else ""
        if is_trusted(peer, self._trusted):
            headers = Headers(scope=scope)
            client = client_of(peer, headers.getlist("x-forwarded-for"), self._trusted)
            scheme = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
            scope = {**scope, "client": (client, 0)}
            if scheme in ("http", "https"):
                scope["scheme"] = scheme
        await self._app(scope, receive, send)

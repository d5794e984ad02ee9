"""The path of a request, and that a trailing slash does not make another one of it."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class TrailingSlash:
    """Answers ``/predict/`` as ``/predict``: at once, and within the same limits.

    A redirect would do for a browser only. Other callers drop the body, or do not follow; and its
    address would be made of the Host header, which is the caller's, and of a scheme that is not
    known behind a proxy.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and len(route_path(scope)) > 1 and scope["path"].endswith("/"):
            raw = scope.get("raw_path") or scope["path"].encode()
            scope = {**scope, "path": scope["path"][:-1], "raw_path": raw.removesuffix(b"/")}
        await self._app(scope, receive, send)


def route_path(scope: Scope) -> str:
    """The path within the service: without the prefix under which a proxy shows it."""
    path: str = scope["path"]
    prefix: str = scope.get("root_path", "").rstrip("/")
    return path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path

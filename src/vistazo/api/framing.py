"""Where a body ends, where a request says two things about it."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from vistazo.api.closing import closing
from vistazo.api.problems import problem_response
from vistazo.errors import RequestError


class OneFraming:
    """Refuses a body whose end can be read in two ways, and closes its connection.

    A proxy before us may read it in the other way, and take the rest for a request of its own; and
    the length that is declared would not be that of what arrives. Lengths that differ do not get
    here: no parser lets them through. (RFC 9112 sections 6.1, 6.3)
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (fault := _fault(scope)):
            await self._app(scope, receive, send)
            return
        refusal = problem_response(RequestError(f"{fault} Leave Transfer-Encoding out."))
        await refusal(scope, *closing(receive, send))


def _fault(scope: Scope) -> str:
    headers = Headers(scope=scope)
    if "transfer-encoding" not in headers:
        return ""
    if "content-length" in headers:
        return "The request has both Content-Length and Transfer-Encoding."
    return "HTTP/1.0 has no Transfer-Encoding." if scope["http_version"] == "1.0" else ""

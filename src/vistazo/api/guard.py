"""Who may pass, before anything is read of what he sends."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from vistazo.api.closing import closing
from vistazo.api.limits import content_length
from vistazo.api.needs import need_of
from vistazo.api.paths import route_path
from vistazo.api.problems import problem_response
from vistazo.errors import (
    AccessError,
    ForbiddenError,
    NotReadyError,
    UnauthorizedError,
    VistazoError,
)
from vistazo.service.access.gate import Gate

_REALM = 'Bearer realm="vistazo"'


class Guard:
    """Lets through whom the gate lets through, and notes who it is: ``caller`` in the state of the
    scope is ``key:NAME``; ``caller_name`` and ``refused_for`` are for the log.

    Others are refused (RFC 6750 section 3). Their body is not read.
    """

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        need = need_of(route_path(scope)) if scope["type"] == "http" else None
        if need is None:
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        try:
            identity = await self._gate.admit(Headers(scope=scope).getlist("authorization"), need)
        except (AccessError, NotReadyError) as error:
            _note(state, error)
            await _refuse(_refusal(error), scope, receive, send)
            return
        if identity is not None:
            state["caller"], state["caller_name"] = identity.caller, identity.name
        await self._app(scope, receive, send)


def _note(state: dict[str, object], error: VistazoError) -> None:
    if isinstance(error, UnauthorizedError) and error.reason:
        state["refused_for"] = error.reason
    if isinstance(error, ForbiddenError) and error.name:
        state["caller_name"] = error.name


def _refusal(error: VistazoError) -> Response:
    headers = {"WWW-Authenticate": _challenge(error)} if isinstance(error, AccessError) else {}
    return problem_response(error, headers)


def _challenge(error: AccessError) -> str:
    """Who sent nothing is told of no error (RFC 6750 section 3.1)."""
    if isinstance(error, ForbiddenError):
        return f'{_REALM}, error="insufficient_scope", scope="{error.scope}"'
    has_sent_one = isinstance(error, UnauthorizedError) and error.reason
    return f'{_REALM}, error="invalid_token"' if has_sent_one else _REALM


async def _refuse(refusal: Response, scope: Scope, receive: Receive, send: Send) -> None:
    headers = Headers(scope=scope)
    if content_length(headers) or "transfer-encoding" in headers:
        receive, send = closing(receive, send)
    await refusal(scope, receive, send)

"""Who may pass, before anything is read of what he sends."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vistazo.api.callers import CALLER, caller_of
from vistazo.api.limits import refuse
from vistazo.api.needs import need_of
from vistazo.api.paths import route_path
from vistazo.api.problems import problem_response
from vistazo.errors import (
    AccessError,
    ForbiddenError,
    NotReadyError,
    RateLimitedError,
    UnauthorizedError,
    VistazoError,
)
from vistazo.service.access.gate import Gate
from vistazo.service.access.rates import Standing

_REALM = 'Bearer realm="vistazo"'


class Guard:
    """Lets through whom the gate lets through, and notes who it is: ``caller`` in the state of the
    scope is ``key:NAME``; ``caller_name``, ``refused_for`` and ``is_told`` are for the log.

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
            await refuse(await self._refusal(error, scope), scope, receive, send)
            return
        if identity is not None:
            state[CALLER], state["caller_name"] = identity.caller, identity.name
        standing = await self._gate.count(caller_of(scope))
        if standing is not None:
            send = _telling(standing, send)
            state["is_told"] = standing.is_told
        if standing is not None and standing.is_over:
            await refuse(problem_response(_too_often("requests", standing)), scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _refusal(self, error: VistazoError, scope: Scope) -> Response:
        if isinstance(error, UnauthorizedError):
            sent_one = bool(error.reason)
            standing = await self._gate.count_failure(caller_of(scope), sent_one=sent_one)
            scope["state"]["is_told"] = standing.is_told
            if sent_one and standing.is_over:
                return problem_response(_too_often("keys that are not valid", standing))
        headers = {"WWW-Authenticate": _challenge(error)} if isinstance(error, AccessError) else {}
        return problem_response(error, headers)


def _too_often(what: str, standing: Standing) -> RateLimitedError:
    rate, wait_s = standing.rate, standing.reset_s
    said = f"You have sent more than {rate.requests} {what} in {rate.window_s} s."
    return RateLimitedError(f"{said} Wait {wait_s} s.", wait_s)


def _telling(standing: Standing, send: Send) -> Send:
    """Say in each answer how the caller stands (draft-ietf-httpapi-ratelimit-headers-10)."""
    rate = standing.rate

    async def send_with_standing(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["RateLimit-Policy"] = f'"requests";q={rate.requests};w={rate.window_s}'
            headers["RateLimit"] = f'"requests";r={standing.remaining};t={standing.reset_s}'
        await send(message)

    return send_with_standing


def _note(state: dict[str, object], error: VistazoError) -> None:
    if isinstance(error, UnauthorizedError) and error.reason:
        state["refused_for"] = error.reason
    if isinstance(error, ForbiddenError) and error.name:
        state["caller_name"] = error.name


def _challenge(error: AccessError) -> str:
    """Who sent nothing is told of no error (RFC 6750 section 3.1)."""
    if isinstance(error, ForbiddenError):
        return f'{_REALM}, error="insufficient_scope", scope="{error.scope}"'
    has_sent_one = isinstance(error, UnauthorizedError) and error.reason
    return f'{_REALM}, error="invalid_token"' if has_sent_one else _REALM

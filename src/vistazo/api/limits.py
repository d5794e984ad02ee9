"""What happens to every request before and after its handler, as pure ASGI."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vistazo import errors
from vistazo.api import refusals
from vistazo.api.closing import closing
from vistazo.api.observation import Ended, Observatory, is_routine
from vistazo.api.paths import route_path
from vistazo.api.problems import problem_response
from vistazo.service import telemetry

log = logging.getLogger(__name__)

REQUEST_ID_HEADER = "X-Request-ID"
# Short and plain, so that a caller cannot write into the log whatever it likes.
_PLAIN_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_BODY_OF_NO_USE_BYTES = 1_000
# A caller may send any word for a method, and as often as he likes another one.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


class RequestContext:
    """Gives each request an id, logs and measures it, and turns what nobody expected into a problem
    document.

    Only the ``paths`` that the service has are told: another may hold whatever a caller typed.
    """

    def __init__(self, app: ASGIApp, paths: Collection[str], observatory: Observatory) -> None:
        self._app = app
        self._paths = paths
        self._observatory = observatory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, path, started_s = Headers(scope=scope), self._path(scope), time.perf_counter()
        observation = self._observatory.begin(path, headers.get("traceparent", ""), scope)
        scope.setdefault("state", {})["observation"] = observation
        answer = _Stamped(send, request_id_of(headers))
        with (
            telemetry.of_request(answer.request_id, observation.trace_id),
            refusals.collected() as refused,
        ):
            try:
                await self._answer(scope, receive, answer)
            finally:
                seconds = time.perf_counter() - started_s
                ended = Ended(path, _method(scope), answer.status, seconds, refused)
                observation.end(ended)
                _log(ended, scope["state"])

    async def _answer(self, scope: Scope, receive: Receive, answer: _Stamped) -> None:
        try:
            await self._app(scope, receive, answer)
        except Exception:  # the outermost boundary: the caller is answered, the log says why
            log.exception("unexpected error")
            if answer.status == 0:
                error = errors.VistazoError("Something went wrong here. The log says why.")
                await problem_response(error)(scope, receive, answer)

    def _path(self, scope: Scope) -> str:
        path = route_path(scope)
        return path if path in self._paths else "(unknown)"


class _Stamped:
    """Sends an answer with the headers that all have, and knows its status: 0 before it begins."""

    def __init__(self, send: Send, request_id: str) -> None:
        self.request_id = request_id
        self.status = 0
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID_HEADER] = self.request_id
            headers["X-Content-Type-Options"] = "nosniff"
        await self._send(message)


def request_id_of(headers: Headers) -> str:
    """What the caller calls it, where that is short and plain; else a new one."""
    asked = headers.get(REQUEST_ID_HEADER, "")
    return asked if _PLAIN_ID.fullmatch(asked) else os.urandom(16).hex()


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in _METHODS else "(other)"


def _who(state: Mapping[str, object]) -> dict[str, object]:
    """Of a caller with a key: its name. Of one without: what was wrong with what he sent."""
    noted = {"caller": state.get("caller_name"), "refused_for": state.get("refused_for")}
    return {field: value for field, value in noted.items() if value}


def _log(ended: Ended, state: Mapping[str, object]) -> None:
    """A caller who is refused again and again does not fill the log: the first times say it."""
    is_refused = ended.status in (401, 403)
    is_quiet = bool(state.get("is_told")) or (is_routine(ended.path) and not is_refused)
    level = logging.DEBUG if is_quiet else logging.INFO
    line = {
        "method": ended.method,
        "path": ended.path,
        "status": ended.status,
        "ms": round(1000 * ended.seconds, 1),
        **refusals.log_fields(ended.refused, ended.status),
        **_who(state),
    }
    log.log(level, "request", extra=line)


@dataclass(frozen=True)
class MostBytes:
    """Of a body; ``as_json`` of one that says that it is, where that may be another number."""

    usual: int
    as_json: int | None = None

    def of(self, headers: Headers) -> int:
        is_json = headers.get("content-type", "").lower().startswith("application/json")
        return self.as_json if is_json and self.as_json is not None else self.usual


class BodyLimit:
    """Refuses a body that is too large: by its declared length before any of it is read, by its
    real length as soon as that passes the limit. ``max_bytes`` is by the path that is posted to.

    Elsewhere a body is of no use: the answer is the same without it, such as 404 or 405, and what
    is too large is not read.
    """

    def __init__(self, app: ASGIApp, max_bytes: Mapping[str, MostBytes]) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        useful = self._max_bytes.get(route_path(scope)) if scope["method"] == "POST" else None
        headers = Headers(scope=scope)
        limit = _BODY_OF_NO_USE_BYTES if useful is None else useful.of(headers)
        if content_length(headers) <= limit:
            await self._app(scope, _limited(receive, limit), send)
            return
        answer = self._app if useful is None else problem_response(_too_large(limit))
        receive, send = closing(receive, send)
        await answer(scope, _limited(receive, limit), send)


def _limited(receive: Receive, limit_bytes: int) -> Receive:
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit_bytes:
            raise _too_large(limit_bytes)
        return message

    return counted


def _too_large(limit_bytes: int) -> errors.UploadTooLargeError:
    return errors.UploadTooLargeError(
        f"The request is larger than {limit_bytes} bytes, the most that is accepted here."
    )


def content_length(headers: Headers) -> int:
    """Of a request's body, bytes; 0 where it is not declared."""
    declared = headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() else 0


async def refuse(refusal: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Without reading the body: where there is one, this is the last answer on its connection."""
    headers = Headers(scope=scope)
    if content_length(headers) or "transfer-encoding" in headers:
        receive, send = closing(receive, send)
    await refusal(scope, receive, send)

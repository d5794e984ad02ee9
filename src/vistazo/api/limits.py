"""What happens to every request before and after its handler, as pure ASGI."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
import uuid
from collections.abc import Collection, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vistazo import errors
from vistazo.api.problems import problem_response
from vistazo.service import telemetry

log = logging.getLogger(__name__)

REQUEST_ID_HEADER = "X-Request-ID"
# Short and plain, so that a caller cannot write into the log whatever it likes.
_PLAIN_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_BODY_OF_NO_USE_BYTES = 1_000
_LINGER_S = 5.0


class RequestContext:
    """Gives each request an id, logs it, and turns what nobody expected into a problem document.

    Only the ``paths`` that the service has are logged: another may hold whatever a caller typed.
    """

    def __init__(self, app: ASGIApp, paths: Collection[str]) -> None:
        self._app = app
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        request_id = asked if _PLAIN_ID.fullmatch(asked) else uuid.uuid4().hex
        token = telemetry.request_id.set(request_id)
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:  # the outermost boundary: the caller gets an answer, the log the reason
            log.exception("unexpected error")
            if status == 0:
                error = errors.VistazoError("Something went wrong here. The log has the reason.")
                await problem_response(error)(scope, receive, send_with_id)
        finally:
            path = scope["path"] if scope["path"] in self._paths else "(unknown)"
            _log_request(scope["method"], path, status, time.perf_counter() - started)
            telemetry.request_id.reset(token)


def _log_request(method: str, path: str, status: int, seconds: float) -> None:
    level = logging.DEBUG if path.startswith("/health/") else logging.INFO
    fields = {"method": method, "path": path, "status": status, "ms": round(seconds * 1000, 1)}
    log.log(level, "request", extra=fields)


class BodyLimit:
    """Refuses a body that is too large: by its declared length before any of it is read, by its
    real length as soon as that passes the limit. ``max_bytes`` is by path; a path that is not
    named takes no body worth the name.
    """

    def __init__(self, app: ASGIApp, max_bytes: Mapping[str, int]) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._max_bytes.get(scope["path"], _BODY_OF_NO_USE_BYTES)
        if content_length(Headers(scope=scope)) > limit:
            await _refuse(_too_large(limit), scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _too_large(limit)
            return message

        await self._app(scope, counted, send)


def _too_large(limit_bytes: int) -> errors.UploadTooLargeError:
    return errors.UploadTooLargeError(
        f"The request is larger than {limit_bytes} bytes, the most that is accepted here."
    )


async def _refuse(error: errors.VistazoError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer first, then throw away what still arrives, for a while.

    A client that is busy sending does not look for an answer, and a connection closed under it
    loses the answer: so it may finish, into nothing.
    """

    async def send_and_linger(message: Message) -> None:
        if message["type"] == "http.response.body":
            await send({**message, "more_body": True})
            await _discard(receive)
            message = {"type": "http.response.body", "body": b""}
        await send(message)

    response = problem_response(error, {"Connection": "close"})
    await response(scope, receive, send_and_linger)


async def _discard(receive: Receive) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_S):
            while (await receive()).get("more_body", False):
                pass


def content_length(headers: Headers) -> int:
    """Of a request's body, bytes; 0 where it is not declared."""
    declared = headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() else 0

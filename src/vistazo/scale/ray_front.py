"""What stands in Ray's HTTP proxy, before requests come to a replica.

Ray passes a body on as it arrives: a caller who is slow would hold the place of one who is not, and
what a replica has not read yet lies in the proxy, as much as somebody sends. And when a replica's
process is gone, whoever was waiting for it is told ``500 Internal Server Error``. So here a body is
received whole, within the bounds of the service, and a request that a replica took with it is asked
once more.

A proxy uses this where RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH says so when Ray is started.
https://docs.ray.io/en/latest/serve/http-guide.html
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from functools import partial

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vistazo.api.callers import caller_of
from vistazo.api.closing import closing
from vistazo.api.cross_origin import cross_origin
from vistazo.api.forwarded import Forwarded
from vistazo.api.limits import REQUEST_ID_HEADER, content_length, request_id_of
from vistazo.api.paths import route_path
from vistazo.api.problems import problem_response
from vistazo.api.protocols.speaking import in_its_words
from vistazo.errors import (
    CallerLeftError,
    NotReadyError,
    QueueFullError,
    UploadTooLargeError,
    VistazoError,
)
from vistazo.scale.ray_headers import without_orders_to_ray
from vistazo.scale.replicas import planned_settings
from vistazo.service import telemetry
from vistazo.service.reception import Reception, Upload

log = logging.getLogger(__name__)

_TRIES = 2
# Asked twice these are done twice.
_DONE_ONCE = ("/feedback", "/admin/reload")
# Ray's own, which come as plain text.
_REFUSALS = {
    408: NotReadyError("No replica answered in time. Send this again shortly."),
    429: QueueFullError("Too many requests are waiting. Send this one again shortly."),
    503: NotReadyError("No replica can answer now. Send this again shortly."),
}
_LOST = NotReadyError("The replica that was answering is gone. Send this again.")
_LOST_FOR_GOOD = VistazoError(
    "The replica that was answering is gone, and whether it had done this is not known."
)


def middlewares() -> list[Middleware]:
    """For Ray's proxy, by the environment that Ray was started with. Raises SettingsError.

    uvicorn, which is the proxy's server and not there yet, would let everybody who comes over this
    machine say in a header who he is: it is told not to. TRUSTED_PROXIES says whom to believe.
    """
    os.environ.setdefault("FORWARDED_ALLOW_IPS", "")
    settings = planned_settings(os.environ)
    reception = Reception(settings.reception_policy)
    most_bytes, origins = settings.max_queued_bytes, settings.cors_origins
    front = Middleware(Front, reception=reception, most_bytes=most_bytes, origins=origins)
    proxies = settings.trusted_proxies
    return [front, Middleware(Forwarded, trusted=proxies)] if proxies else [front]


class Front:
    """``most_bytes`` is the largest body that any path takes; a replica knows of each path. Pages
    of ``origins`` may see what is refused here, as they may see any answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        reception: Reception,
        most_bytes: int,
        origins: Sequence[str] | None = None,
    ) -> None:
        self._app = app
        self._reception = reception
        self._most_bytes = most_bytes
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(Headers(scope=scope))
        scope = {**scope, "headers": without_orders_to_ray(scope["headers"], request_id)}
        with telemetry.of_request(request_id), self._reception.upload(caller_of(scope)) as upload:
            try:
                body = await self._received(Headers(scope=scope), receive, upload)
            except CallerLeftError:
                return
            except VistazoError as error:
                await self._refuse(error, scope, *closing(receive, send))
                return
            await self._ask(scope, body, receive, send)

    async def _received(self, headers: Headers, receive: Receive, upload: Upload) -> list[bytes]:
        """Raises UploadTooLargeError, SlowUploadError, QueueFullError and CallerLeftError."""
        if not content_length(headers) and "transfer-encoding" not in headers:
            return []
        self._refuse_beyond(content_length(headers))
        parts: list[bytes] = []
        async with upload.arriving():
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise CallerLeftError("The caller hung up.")
                part: bytes = message.get("body", b"")
                self._refuse_beyond(upload.n_bytes + len(part))
                upload.received(len(part))
                parts.append(part)
                if not message.get("more_body", False):
                    return parts

    def _refuse_beyond(self, n_bytes: int) -> None:
        if n_bytes > self._most_bytes:
            raise UploadTooLargeError(
                f"The request is larger than {self._most_bytes} bytes, the most that is accepted."
            )

    async def _ask(self, scope: Scope, body: list[bytes], receive: Receive, send: Send) -> None:
        may_repeat = not scope["path"].rstrip("/").endswith(_DONE_ONCE)
        refuse = partial(self._refuse, scope=scope, receive=receive, send=send)
        for left in reversed(range(_TRIES if may_repeat else 1)):
            caller, answer = _Caller(body, receive), _Answer(send)
            own = {**scope, "headers": list(scope["headers"])}  # Ray adds to them
            try:
                await self._app(own, caller.receive, answer)
            except Exception:  # the boundary to Ray: whatever it raises, the caller is answered
                log.exception("unexpected error in Ray's proxy")
            if answer.refusal is not None:
                await refuse(answer.refusal)
            if answer.has_begun or caller.has_left:
                return
            log.warning("a replica is gone with a request", extra={"is_asked_again": left > 0})
        await refuse(_LOST if may_repeat else _LOST_FOR_GOOD)

    async def _refuse(
        self, error: VistazoError, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """As a replica would: with an id, and a line in the log."""
        headers = {"X-Content-Type-Options": "nosniff"}
        if request_id := telemetry.request_id.get():
            headers[REQUEST_ID_HEADER] = request_id
        answer = problem_response(error, headers)
        log.info("refused", extra={"status": answer.status_code, "code": error.code})
        refusal: ASGIApp = cross_origin(answer, self._origins) if self._origins else answer
        await refusal(scope, receive, in_its_words(route_path(scope), send))


class _Caller:
    """As the proxy hears him: his body from here, and then whether he hangs up."""

    def __init__(self, body: Sequence[bytes], receive: Receive) -> None:
        self._parts = list(body) or [b""]
        self._parts.reverse()
        self._receive = receive
        self.has_left = False

    async def receive(self) -> Message:
        if self._parts:
            part = self._parts.pop()
            return {"type": "http.request", "body": part, "more_body": bool(self._parts)}
        message = await self._receive()
        self.has_left = message["type"] == "http.disconnect"
        return message


class _Answer:
    """Passes an answer on, but Ray's own refusals, in plain text: ``refusal`` is ours for that.

    A replica that is gone leaves none: then it has not begun.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False
        self.refusal: VistazoError | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            self.refusal = _refusal_of(message)
            _keep_one_id(message)
        if self.refusal is None:
            await self._send(message)


def _refusal_of(start: Message) -> VistazoError | None:
    is_plain = Headers(raw=start["headers"]).get("content-type", "").startswith("text/plain")
    return _REFUSALS.get(start["status"]) if is_plain else None


def _keep_one_id(start: Message) -> None:
    """That of the replica: Ray adds the same one, or what the caller had sent."""
    headers = MutableHeaders(raw=list(start["headers"]))
    ids = headers.getlist(REQUEST_ID_HEADER)
    if ids:
        headers[REQUEST_ID_HEADER] = ids[0]  # in place of all
        start["headers"] = headers.raw

"""What makes a request one of a protocol, and every refusal of it one in the protocol's words."""

from __future__ import annotations

import json

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vistazo.api.paths import route_path
from vistazo.api.problems import MEDIA_TYPE
from vistazo.api.protocols.addresses import ADDRESS, is_of_a_protocol
from vistazo.api.service import Service


class Speaking:
    """Has the path that stands for a request's own in its place, so that all that holds for paths
    holds for it: keys, limits, measures.

    Whoever refuses it, its problem document becomes ``{"error": "CODE: what happened"}``: with the
    same status and the same headers. The card's own route is none of a protocol.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = route_path(scope) if scope["type"] == "http" else ""
        if not is_of_a_protocol(path):
            await self._app(scope, receive, send)
            return
        # Only here: most services are never asked in a protocol.
        from vistazo.api.protocols.address import address_of

        if (address := address_of(path)) is not None:
            whole = scope["path"].removesuffix(path) + address.path
            scope = {**scope, "path": whole, "raw_path": whole.encode(), ADDRESS: address}
        elif path == self._service.card_route:
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _InItsWords(send))


def in_its_words(path: str, send: Send) -> Send:
    """For whoever refuses a request before the service sees it. What of /v1 names no model may be
    the card's own route, which is none of a protocol.
    """
    is_its_own = path == "/v2" or path.startswith(("/v2/", "/v1/models"))
    return _InItsWords(send) if is_its_own else send


def answer_in_its_words(path: str, answer: Response) -> Response:
    """Of a problem document that has not been sent."""
    if not is_of_a_protocol(path):
        return answer
    about_it = ("content-type", "content-length")
    headers = {name: each for name, each in answer.headers.items() if name not in about_it}
    said = _said(bytes(answer.body))
    return Response(said, answer.status_code, headers, "application/json")


class _InItsWords:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None  # of a problem, until its document comes

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_problem(message):
            self._start = message
            return
        if self._start is not None:
            start, self._start = self._start, None
            message = {**message, "body": _said(message.get("body", b""))}
            headers = MutableHeaders(scope=start)
            headers["Content-Type"] = "application/json"
            del headers["Content-Length"]
            if message["body"]:  # to HEAD there is none, and how long it would be is not known
                headers["Content-Length"] = str(len(message["body"]))
            await self._send(start)
        await self._send(message)


def _is_problem(start: Message) -> bool:
    return bool(MutableHeaders(scope=start).get("content-type") == MEDIA_TYPE)


def _said(document: bytes) -> bytes:
    """Of a problem document, which is one message."""
    if not document:
        return b""
    problem = json.loads(document)
    error = f"{problem['code']}: {problem['detail']}"
    return json.dumps({"error": error}, ensure_ascii=False).encode()

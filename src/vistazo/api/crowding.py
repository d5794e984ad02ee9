"""Requests that would find no place."""

from __future__ import annotations

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from vistazo.api.callers import caller_of
from vistazo.api.paths import route_path
from vistazo.api.problems import problem_response
from vistazo.errors import QueueFullError
from vistazo.service.admission import Admission


class Crowding:
    """Refuses them before anything else is done about them: under a flood that is most of the work.

    For the ``paths`` that take a place. Their body is not waited for; what comes of it is dropped.
    """

    def __init__(self, app: ASGIApp, admission: Admission, paths: Collection[str]) -> None:
        self._app = app
        self._admission = admission
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and route_path(scope) in self._paths:
            try:
                self._admission.refuse_when_full(caller_of(scope))
            except QueueFullError as error:
                await problem_response(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

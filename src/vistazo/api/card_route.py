"""A path of the model's card, such as /falsetrue: /predict, answered as the card says."""

from __future__ import annotations

import re
from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from vistazo.api.paths import route_path
from vistazo.api.service import Service
from vistazo.models.sample_card import ROUTE, is_reserved

_PREDICT = "/predict"
_ASKED = "vistazo.card_route"
_ROUTE = re.compile(ROUTE)


class CardRoute:
    """Answers it as /predict, so that all that holds there holds for it: keys, limits, measures.

    Which path it is the card says, and another one after a reload. While there is no model yet,
    whatever may be its route is asked to wait: 503, and not 404.
    """

    def __init__(self, app: ASGIApp, service: Service, paths: Collection[str]) -> None:
        self._app = app
        self._service = service
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_asked_for(scope):
            path = route_path(scope)
            whole = scope["path"].removesuffix(path) + _PREDICT
            scope = {**scope, "path": whole, "raw_path": whole.encode(), _ASKED: True}
        await self._app(scope, receive, send)

    def _is_asked_for(self, scope: Scope) -> bool:
        path, service = route_path(scope), self._service
        if path in self._paths:
            return False
        if service.is_starting:
            may_be = _ROUTE.fullmatch(path) is not None and not is_reserved(path)
            return scope["method"] == "POST" and may_be
        return path == service.card_route


def is_asked_by(scope: Scope) -> bool:
    """Whether a request came by the route of the card."""
    return bool(scope.get(_ASKED))

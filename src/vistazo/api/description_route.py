"""Answers /openapi.json: written once for each model, however often it is asked for."""

from __future__ import annotations

import json
from weakref import WeakKeyDictionary

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vistazo.api.media import JSON
from vistazo.api.service import Service
from vistazo.errors import NotReadyError
from vistazo.loading import AnyClassifier


class DescriptionRoute:
    """Of an ``app`` whose description is that of the model that ``service`` serves."""

    def __init__(self, app: FastAPI, service: Service) -> None:
        self._app = app
        self._service = service
        # Weakly: a former model is not kept in memory for its description.
        self._written: WeakKeyDictionary[AnyClassifier, dict[str, bytes]] = WeakKeyDictionary()

    def route(self) -> Route:
        return Route("/openapi.json", self._respond, include_in_schema=False)

    async def _respond(self, request: Request) -> Response:
        prefix = request.scope.get("root_path", "").rstrip("/")
        return Response(self._body(prefix), media_type=JSON)

    def _body(self, prefix: str) -> bytes:
        try:
            written = self._written.setdefault(self._service.classifier, {})
        except NotReadyError:
            return self._write(prefix)
        if prefix not in written:
            written[prefix] = self._write(prefix)
        return written[prefix]

    def _write(self, prefix: str) -> bytes:
        """With the ``prefix`` under which a proxy shows the service, where there is one."""
        document = self._app.openapi()
        servers = {"servers": [{"url": prefix}]} if prefix else {}
        return json.dumps({**document, **servers}, ensure_ascii=False).encode()

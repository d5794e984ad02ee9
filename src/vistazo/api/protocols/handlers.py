"""What answers at each path of the protocols."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vistazo import __version__
from vistazo.api.protocols import addresses
from vistazo.api.protocols.infer import infer
from vistazo.api.protocols.predict_v1 import predict
from vistazo.api.protocols.served_model import description_of, served_model
from vistazo.api.service import Service

EXTENSIONS = ["binary_tensor_data", "classification", "parameters"]


async def _server(_request: Request) -> Response:
    return _said({"name": "vistazo", "version": __version__, "extensions": EXTENSIONS})


async def _live(_request: Request) -> Response:
    return _said({"live": True})


async def _ready(request: Request) -> Response:
    _service(request).refuse_unless_ready()
    return _said({"ready": True})


async def _models(request: Request) -> Response:
    return _said({"models": [_service(request).classifier.card.name]})


async def _model(request: Request) -> Response:
    return _said(description_of(served_model(request)))


async def _model_ready(request: Request) -> Response:
    _service(request).refuse_unless_ready()
    return _said({"name": served_model(request).card.name, "ready": True})


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _said(document: dict[str, Any]) -> Response:
    return JSONResponse(document)


HANDLERS: Mapping[str, Callable[[Request], Awaitable[Response]]] = {
    addresses.SERVER: _server,
    addresses.LIVE: _live,
    addresses.READY: _ready,
    addresses.MODELS: _models,
    addresses.MODEL: _model,
    addresses.MODEL_READY: _model_ready,
    addresses.INFER: infer,
    addresses.V1_MODELS: _models,
    addresses.V1_MODEL: _model_ready,
    addresses.V1_PREDICT: predict,
}

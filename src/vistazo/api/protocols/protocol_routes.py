"""The paths of the protocols. What answers there is imported with the first request."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vistazo.api.paths import route_path
from vistazo.api.protocols import addresses

_POSTED = addresses.TAKE_A_PLACE
_GOT = (
    addresses.SERVER,
    addresses.LIVE,
    addresses.READY,
    addresses.MODELS,
    addresses.MODEL,
    addresses.MODEL_READY,
    addresses.V1_MODELS,
    addresses.V1_MODEL,
)


def protocol_routes() -> list[Route]:
    methods = {**dict.fromkeys(_GOT, "GET"), **dict.fromkeys(_POSTED, "POST")}
    return [
        Route(path, _respond, methods=[method], include_in_schema=False)
        for path, method in methods.items()
    ]


async def _respond(request: Request) -> Response:
    # Only here: most services are never asked in a protocol.
    from vistazo.api.protocols.handlers import HANDLERS

    return await HANDLERS[route_path(request.scope)](request)

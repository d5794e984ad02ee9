"""What every request passes on its way to its handler, and what becomes of errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from vistazo.api import admin_routes, feedback_routes, metrics_routes, routes
from vistazo.api.card_route import CardRoute
from vistazo.api.closing import LastAnswers
from vistazo.api.cross_origin import cross_origin
from vistazo.api.crowding import Crowding
from vistazo.api.forwarded import Forwarded
from vistazo.api.framing import OneFraming
from vistazo.api.guard import Guard
from vistazo.api.head import HeadAsGet
from vistazo.api.limits import BodyLimit, MostBytes, RequestContext
from vistazo.api.methods import OnlyItsMethods
from vistazo.api.paths import TrailingSlash
from vistazo.api.plain_path import PlainPath
from vistazo.api.problems import on_error, on_http_exception, on_invalid_request
from vistazo.api.protocols import addresses
from vistazo.api.protocols.speaking import Speaking
from vistazo.api.service import Service
from vistazo.errors import VistazoError
from vistazo.service.access.gate import Gate
from vistazo.service.access.proxies import Network

_ROUTERS = (routes.router, feedback_routes.router, admin_routes.router, metrics_routes.router)
_TAKE_A_PLACE = (*routes.TAKE_A_PLACE, *addresses.TAKE_A_PLACE)


def surround(
    app: FastAPI,
    max_bytes: Mapping[str, MostBytes],
    gate: Gate | None = None,
    *,
    proxies: Sequence[Network] | None = None,
    origins: Sequence[str] | None = None,
) -> None:
    """Around an app whose state has its service and its observatory.

    ``max_bytes`` are those of a body, by the path that it is posted to. Without a ``gate`` whoever
    reaches the app may pass. ``proxies`` are believed of whom a request is, and pages of
    ``origins`` may see the answers. The last one added is the first that a request comes to.
    """
    app.add_exception_handler(VistazoError, on_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    service: Service = app.state.service
    app.add_middleware(Crowding, admission=service.admission, paths=_TAKE_A_PLACE)
    app.add_middleware(BodyLimit, max_bytes=max_bytes)
    if gate is not None:
        app.add_middleware(Guard, gate=gate)
    app.add_middleware(OnlyItsMethods, methods=_methods(app))
    app.add_middleware(PlainPath)
    app.add_middleware(HeadAsGet)
    if origins:
        app.add_middleware(cross_origin, origins=origins)
    app.add_middleware(OneFraming)  # outside of all that answers
    app.add_middleware(LastAnswers, is_draining=lambda: service.is_draining)
    known = (*app.routes, *(route for router in _ROUTERS for route in router.routes))
    paths = {route.path for route in known if isinstance(route, Route)}
    app.add_middleware(RequestContext, paths=paths, observatory=app.state.observatory)
    app.add_middleware(CardRoute, service=service, paths=paths)
    app.add_middleware(Speaking, service=service)
    app.add_middleware(TrailingSlash)
    if proxies:
        app.add_middleware(Forwarded, trusted=proxies)


def _methods(app: FastAPI) -> dict[str, set[str]]:
    """Of each path that this app has, without HEAD, which is answered as GET."""
    methods: dict[str, set[str]] = {}
    for part in app.routes:
        router = getattr(part, "original_router", None)  # of FastAPI's own kind of mount
        for route in [part] if router is None else router.routes:
            if isinstance(route, Route):
                methods.setdefault(route.path, set()).update((route.methods or set()) - {"HEAD"})
    return methods

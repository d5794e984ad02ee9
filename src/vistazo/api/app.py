"""Builds the object graph, once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from vistazo import __version__
from vistazo.api import admin_routes
from vistazo.api.closing import LastAnswers
from vistazo.api.framing import OneFraming
from vistazo.api.guard import Guard
from vistazo.api.head import HeadAsGet
from vistazo.api.limits import BodyLimit, RequestContext
from vistazo.api.page_routes import page_routes
from vistazo.api.paths import TrailingSlash
from vistazo.api.problems import on_error, on_http_exception, on_invalid_request
from vistazo.api.reloading import reloading
from vistazo.api.routes import UploadPolicy, router
from vistazo.api.security_schema import declare_keys
from vistazo.api.service import Service
from vistazo.classifier import Classifier
from vistazo.errors import ModelError, VistazoError
from vistazo.loading import load_classifier
from vistazo.service.access.gate import Gate
from vistazo.service.admission import Admission
from vistazo.service.reception import Reception
from vistazo.service.reload import Reloader, stamp_of
from vistazo.service.settings import Settings

log = logging.getLogger(__name__)

# What a form puts around its files: boundaries, headers, a few short fields.
_FORM_BYTES = 100_000


def create_app(
    settings: Settings,
    on_failed_start: Callable[[VistazoError], None] = lambda _: None,
    load: Callable[[], Classifier] | None = None,
) -> FastAPI:
    """Build the service. ``on_failed_start`` is told where the model cannot be served.

    Raises SettingsError where a setting cannot be used.

    ``load`` gives another classifier than that of the settings.
    """
    stopping, source = threading.Event(), settings.model_source
    load = load or partial(load_classifier, source, settings.image_limits, stopping.is_set)
    reloader = Reloader(load, partial(stamp_of, source))
    gate = Gate(settings)
    reception = Reception(settings.reception_policy)
    service = Service(reloader, Admission(settings.admission_policy), reception)
    reloads = partial(reloading, reloader, watches_files=settings.watch_model)
    app = FastAPI(
        title="Vistazo",
        version=__version__,
        summary="Class probabilities for a picture.",
        redirect_slashes=False,  # TrailingSlash does better
        lifespan=partial(_lifespan, service, stopping, on_failed_start, gate, reloads),
    )
    app.state.service = service
    uploads = UploadPolicy(
        settings.max_batch_files,
        max_predict_bytes=settings.max_upload_bytes + _FORM_BYTES,
        max_batch_bytes=settings.max_queued_bytes,
    )
    app.state.upload_policy = uploads
    app.include_router(router)
    app.include_router(admin_routes.router)
    app.router.routes.extend(page_routes())
    app.add_exception_handler(VistazoError, on_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    if gate.asks:
        declare_keys(app)
    _surround(app, service, uploads, gate)
    return app


def _surround(app: FastAPI, service: Service, uploads: UploadPolicy, gate: Gate) -> None:
    """What every request passes on its way to its handler; the last one added is the first."""
    app.add_middleware(
        BodyLimit,
        max_bytes={
            "/predict": uploads.max_predict_bytes,
            "/explain": uploads.max_predict_bytes,
            "/predict/batch": uploads.max_batch_bytes,
        },
    )
    app.add_middleware(Guard, gate=gate)
    app.add_middleware(HeadAsGet)
    app.add_middleware(OneFraming)
    app.add_middleware(LastAnswers, is_draining=lambda: service.is_draining)
    routes = (*app.routes, *router.routes, *admin_routes.router.routes)
    paths = {route.path for route in routes if isinstance(route, Route)}
    app.add_middleware(RequestContext, paths=paths)
    app.add_middleware(TrailingSlash)


@contextlib.asynccontextmanager
async def _lifespan(
    service: Service,
    stopping: threading.Event,
    on_failed_start: Callable[[VistazoError], None],
    gate: Gate,
    reloads: Callable[[], contextlib.AbstractContextManager[None]],
    _app: FastAPI,
) -> AsyncIterator[None]:
    """Load while the port already answers: a model that has to be compiled first takes a while."""
    if not gate.asks:
        log.warning("nobody is asked for a key", extra={"to_change": "vistazo keys add NAME"})
    loading = asyncio.create_task(_load(service, on_failed_start))
    # A server that is torn down ends as well.
    with reloads(), contextlib.suppress(asyncio.CancelledError):
        yield
    stopping.set()
    loading.cancel()
    await asyncio.to_thread(service.drain)


async def _load(service: Service, on_failed_start: Callable[[VistazoError], None]) -> None:
    try:
        await service.reloader.start()
    except VistazoError as error:
        log.error("the model cannot be served", extra={"code": error.code, "reason": str(error)})
        on_failed_start(error)
        return
    except Exception:  # the outermost boundary of a task that nobody awaits
        log.exception("unexpected error while the model was loaded")
        on_failed_start(ModelError("The model could not be loaded. The log has the reason."))
        return
    identity = service.classifier.identity
    log.info(
        "ready",
        extra={"model": identity.name, "version": identity.version, "sha256": identity.sha256},
    )

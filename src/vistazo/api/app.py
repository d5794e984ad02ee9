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
from vistazo.api.closing import LastAnswers
from vistazo.api.framing import OneFraming
from vistazo.api.head import HeadAsGet
from vistazo.api.interface import described
from vistazo.api.limits import BodyLimit, RequestContext
from vistazo.api.page_routes import page_routes
from vistazo.api.paths import TrailingSlash
from vistazo.api.problems import on_error, on_http_exception, on_invalid_request
from vistazo.api.routes import UploadPolicy, router
from vistazo.api.service import Service
from vistazo.classifier import Classifier
from vistazo.errors import ModelError, VistazoError
from vistazo.loading import load_classifier
from vistazo.service.admission import Admission
from vistazo.service.reception import Reception
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

    ``load`` gives another classifier than that of the settings.
    """
    stopping = threading.Event()
    if load is None:
        source, limits = settings.model_source, settings.image_limits
        load = partial(load_classifier, source, limits, stopping.is_set)
    reception = Reception(settings.reception_policy)
    service = Service(load, Admission(settings.admission_policy), reception)
    app = FastAPI(
        title="Vistazo",
        version=__version__,
        summary="Class probabilities for a picture.",
        redirect_slashes=False,  # TrailingSlash does better
        lifespan=partial(_lifespan, service, stopping, on_failed_start),
    )
    app.state.service = service
    uploads = UploadPolicy(
        settings.max_batch_files,
        max_predict_bytes=settings.max_upload_bytes + _FORM_BYTES,
        max_batch_bytes=settings.max_queued_bytes,
    )
    app.state.upload_policy = uploads
    app.include_router(router)
    app.router.routes.extend(page_routes())
    app.openapi = partial(  # type: ignore[method-assign]
        described, app.openapi, service, settings.max_batch_files
    )
    app.add_exception_handler(VistazoError, on_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    _surround(app, service, uploads)
    return app


def _surround(app: FastAPI, service: Service, uploads: UploadPolicy) -> None:
    """What every request passes on its way to its handler; the last one added is the first."""
    app.add_middleware(
        BodyLimit,
        max_bytes={
            "/predict": uploads.max_predict_bytes,
            "/explain": uploads.max_predict_bytes,
            "/predict/batch": uploads.max_batch_bytes,
        },
    )
    app.add_middleware(HeadAsGet)
    app.add_middleware(OneFraming)
    app.add_middleware(LastAnswers, is_draining=lambda: service.is_draining)
    routes = (*app.routes, *router.routes)
    paths = {route.path for route in routes if isinstance(route, Route)}
    app.add_middleware(RequestContext, paths=paths)
    app.add_middleware(TrailingSlash)


@contextlib.asynccontextmanager
async def _lifespan(
    service: Service,
    stopping: threading.Event,
    on_failed_start: Callable[[VistazoError], None],
    _app: FastAPI,
) -> AsyncIterator[None]:
    """Load while the port already answers: a model that has to be compiled first takes a while."""
    loading = asyncio.create_task(_load(service, on_failed_start))
    with contextlib.suppress(asyncio.CancelledError):  # a server that is torn down ends as well
        yield
    stopping.set()
    loading.cancel()
    await asyncio.to_thread(service.drain)


async def _load(service: Service, on_failed_start: Callable[[VistazoError], None]) -> None:
    try:
        await asyncio.to_thread(service.start)
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

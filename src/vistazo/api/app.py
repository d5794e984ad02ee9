"""Builds the object graph, once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from vistazo import __version__
from vistazo.api.closing import LastAnswers
from vistazo.api.framing import OneFraming
from vistazo.api.head import HeadAsGet
from vistazo.api.limits import BodyLimit, RequestContext
from vistazo.api.metrics_routes import router as metrics_router
from vistazo.api.metrics_server import serving
from vistazo.api.observation import Observatory
from vistazo.api.page_routes import page_routes
from vistazo.api.paths import TrailingSlash
from vistazo.api.problems import on_error, on_http_exception, on_invalid_request
from vistazo.api.routes import UploadPolicy, router
from vistazo.api.service import Service
from vistazo.classifier import Classifier
from vistazo.errors import ModelError, SettingsError, VistazoError
from vistazo.loading import load_classifier
from vistazo.service.admission import Admission
from vistazo.service.metrics import Metrics, watch_process, watch_work
from vistazo.service.reception import Reception
from vistazo.service.settings import Settings

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

    from vistazo.service.tracing import Tracing  # an extra

log = logging.getLogger(__name__)

# What a form puts around its files: boundaries, headers, a few short fields.
_FORM_BYTES = 100_000

_NO_TRACING = (
    "OTEL_EXPORTER_OTLP_ENDPOINT is set, but what sends traces is not installed: "
    "pip install -r scripts/requirements/tracing.txt"
)

# The framework's own, which tells paths, queries and addresses as they came, and quotes exceptions,
# as soon as anything in the process sets a global provider.
_NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


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
        telemetry=_NO_TELEMETRY,
        lifespan=partial(_lifespan, settings, stopping, on_failed_start),
    )
    app.state.service = service
    app.state.metrics = metrics = _measured(service)
    app.state.observatory = Observatory(metrics, _tracing(settings))
    uploads = UploadPolicy(
        settings.max_batch_files,
        max_predict_bytes=settings.max_upload_bytes + _FORM_BYTES,
        max_batch_bytes=settings.max_queued_bytes,
    )
    app.state.upload_policy = uploads
    app.include_router(router)
    if settings.metrics_port is None:
        app.include_router(metrics_router)
    app.router.routes.extend(page_routes())
    _surround(
        app,
        {
            "/predict": uploads.max_predict_bytes,
            "/explain": uploads.max_predict_bytes,
            "/predict/batch": uploads.max_batch_bytes,
        },
    )
    return app


def _metrics_port(
    settings: Settings, service_app: FastAPI
) -> contextlib.AbstractAsyncContextManager[None]:
    """GET /metrics and nothing else, where it has a port of its own."""
    if settings.metrics_port is None:
        return contextlib.nullcontext()
    app = FastAPI(openapi_url=None, redirect_slashes=False, telemetry=_NO_TELEMETRY)
    app.state = service_app.state
    app.include_router(metrics_router)
    _surround(app, {})
    return serving(app, settings.metrics_host or settings.host, settings.metrics_port)


def _measured(service: Service) -> Metrics:
    """What there is to measure, beside requests."""
    metrics = Metrics()
    watch_process(metrics)
    metrics.shows_model(lambda: service.identity)
    watch_work(metrics, service.admission, service.reception)
    return metrics


def _tracing(settings: Settings) -> Tracing | None:
    if settings.otel_exporter_otlp_endpoint is None:
        return None
    try:
        from vistazo.service.tracing import Tracing
    except ImportError:
        log.warning("traces are not sent", extra={"reason": _NO_TRACING})
        return None
    return Tracing.to(settings.otel_exporter_otlp_endpoint)


def _surround(app: FastAPI, max_bytes: dict[str, int]) -> None:
    """What every request passes on its way to its handler; the last one added is the first."""
    app.add_exception_handler(VistazoError, on_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    service: Service = app.state.service
    app.add_middleware(BodyLimit, max_bytes=max_bytes)
    app.add_middleware(HeadAsGet)
    app.add_middleware(OneFraming)
    app.add_middleware(LastAnswers, is_draining=lambda: service.is_draining)
    routes = (*app.routes, *router.routes, *metrics_router.routes)
    paths = {route.path for route in routes if isinstance(route, Route)}
    app.add_middleware(RequestContext, paths=paths, observatory=app.state.observatory)
    app.add_middleware(TrailingSlash)


async def _end(app: FastAPI) -> None:
    service: Service = app.state.service
    observatory: Observatory = app.state.observatory
    await asyncio.to_thread(service.drain)
    if observatory.tracing is not None:
        await asyncio.to_thread(observatory.tracing.close)


@contextlib.asynccontextmanager
async def _lifespan(
    settings: Settings,
    stopping: threading.Event,
    on_failed_start: Callable[[VistazoError], None],
    app: FastAPI,
) -> AsyncIterator[None]:
    """Load while the port already answers: a model that has to be compiled first takes a while."""
    service: Service = app.state.service
    async with contextlib.AsyncExitStack() as beside:
        try:
            await beside.enter_async_context(_metrics_port(settings, app))
        except SettingsError as error:
            log.error("the metrics cannot be served", extra={"reason": str(error)})
            on_failed_start(error)
        loading = asyncio.create_task(_load(service, on_failed_start))
        with contextlib.suppress(asyncio.CancelledError):  # a server that is torn down ends too
            yield
        stopping.set()
        loading.cancel()
        await _end(app)


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

"""Builds the object graph, once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

from fastapi import FastAPI

from vistazo import __version__
from vistazo.api import admin_routes, metrics_routes, routes
from vistazo.api.lifetime import lifetime
from vistazo.api.page_routes import page_routes
from vistazo.api.security_schema import declare_keys
from vistazo.api.service import Service
from vistazo.api.surroundings import surround
from vistazo.classifier import Classifier
from vistazo.errors import VistazoError
from vistazo.loading import load_classifier
from vistazo.service.access.gate import Gate
from vistazo.service.admission import Admission
from vistazo.service.metrics import Metrics, watch_process, watch_work
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

    ``load`` gives another classifier than that of the settings. Raises SettingsError.
    """
    stopping, source = threading.Event(), settings.model_source
    load = load or partial(load_classifier, source, settings.image_limits, stopping.is_set)
    gate = Gate(settings)
    reloader = Reloader(load, partial(stamp_of, source))
    reception = Reception(settings.reception_policy)
    service = Service(reloader, Admission(settings.admission_policy), reception)
    app = FastAPI(
        title="Vistazo",
        version=__version__,
        summary="Class probabilities for a picture.",
        redirect_slashes=False,  # TrailingSlash does better
        lifespan=partial(lifetime, settings, stopping, on_failed_start),
    )
    app.state.service = service
    app.state.metrics = _measured(service)
    _route(app, settings)
    proxies, origins = settings.trusted_proxies, settings.cors_origins
    surround(app, _max_bytes(settings), gate, proxies=proxies, origins=origins)
    if gate.asks:
        declare_keys(app)
    else:
        log.warning("nobody is asked for a key", extra={"to_change": "vistazo keys add NAME"})
    return app


def _route(app: FastAPI, settings: Settings) -> None:
    app.state.upload_policy = routes.UploadPolicy(settings.max_batch_files)
    app.include_router(routes.router)
    app.include_router(admin_routes.router)
    if settings.metrics_port is None:
        app.include_router(metrics_routes.router)
    app.router.routes.extend(page_routes())


def _max_bytes(settings: Settings) -> dict[str, int]:
    """Of the body of a request, by its path."""
    one = settings.max_upload_bytes + _FORM_BYTES
    return {"/predict": one, "/explain": one, "/predict/batch": settings.max_queued_bytes}


def _measured(service: Service) -> Metrics:
    """What there is to measure, beside requests."""
    metrics = Metrics()
    watch_process(metrics)
    metrics.shows_model(lambda: service.identity)
    watch_work(metrics, service.admission, service.reception)
    return metrics

"""Builds the object graph, once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.types import Lifespan

from vistazo import __version__
from vistazo.api import admin_routes, drift_routes, feedback_routes, metrics_routes, routes
from vistazo.api.asked import UploadPolicy
from vistazo.api.description_route import DescriptionRoute
from vistazo.api.dicom_answers import Reports
from vistazo.api.example import Example
from vistazo.api.interface import with_what_is_known
from vistazo.api.lifetime import lifetime
from vistazo.api.limits import MostBytes
from vistazo.api.observation import NO_TELEMETRY, Observatory
from vistazo.api.page_routes import page_routes
from vistazo.api.protocols import addresses
from vistazo.api.protocols.protocol_routes import protocol_routes
from vistazo.api.security_schema import declare_keys
from vistazo.api.service import Service
from vistazo.api.surroundings import surround
from vistazo.api.swagger_routes import swagger_routes
from vistazo.classifier import Classifier
from vistazo.errors import VistazoError
from vistazo.loading import AnyClassifier, ModelSource, load_model
from vistazo.service.access.gate import Gate
from vistazo.service.admission import Admission
from vistazo.service.drift.monitor import Monitor
from vistazo.service.isolation.pool import IsolatedReader
from vistazo.service.metrics import (
    Metrics,
    watch_drift,
    watch_models,
    watch_process,
    watch_records,
    watch_work,
    watch_workers,
)
from vistazo.service.reception import Reception
from vistazo.service.reload import (
    Reloader,
    Shadow,
    ShadowPolicy,
    next_reloader,
    next_source,
    stamp_of,
)
from vistazo.service.settings import Settings

if TYPE_CHECKING:
    from vistazo.api.shared_state import SharedState
    from vistazo.service.access.shared_rates import RateSharing
    from vistazo.service.records.records import Records

log = logging.getLogger(__name__)

# What a form puts around its files: boundaries, headers, a few short fields.
_FORM_BYTES = 100_000


def create_app(
    settings: Settings,
    on_failed_start: Callable[[VistazoError], None] = lambda _: None,
    load: Callable[[], AnyClassifier] | None = None,
    load_next: Callable[[], AnyClassifier] | None = None,
) -> FastAPI:
    """Build the service. ``on_failed_start`` is told where the model cannot be served.

    ``load`` gives another classifier than that of the settings, ``load_next`` another next one.
    Raises SettingsError.
    """
    rates = _shared_rates(settings)
    stopping, gate = threading.Event(), Gate(settings, rates)
    service, readers = _service(settings, stopping, load, load_next)
    app = _bare(partial(lifetime, settings, readers, stopping, on_failed_start))
    app.state.service, app.state.gate = service, gate
    shares = rates is not None
    app.state.monitor = monitor = Monitor(lambda: service.reloader.classifier, shares=shares)
    app.state.metrics = metrics = _measured(service, readers[0], monitor)
    app.state.shared_state = _shared_state(rates, monitor, gate, metrics)
    app.state.reports = Reports(settings.job_timeout_s)
    app.state.records = records = _records(settings, metrics)
    collector = settings.otel_exporter_otlp_endpoint
    app.state.observatory = Observatory.of(metrics, collector, monitor, records)
    _route(app, settings)
    proxies, origins = settings.trusted_proxies, settings.cors_origins
    surround(app, _max_bytes(settings), gate, proxies=proxies, origins=origins)
    if gate.asks:
        declare_keys(app)
    policy = app.state.upload_policy
    known = partial(with_what_is_known, app.openapi, service, policy)
    app.openapi = partial(_described, known, service, policy)  # type: ignore[method-assign]
    _tell_who_may_call(gate)
    return app


def _bare(lifespan: Lifespan[FastAPI]) -> FastAPI:
    """Without a path of its own."""
    return FastAPI(
        title="Vistazo",
        version=__version__,
        summary="Class probabilities for a picture, a text or a row of numbers.",
        license_info={"name": "MIT", "identifier": "MIT"},
        generate_unique_id_function=lambda route: route.name,
        openapi_url=None,  # DescriptionRoute
        docs_url=None,  # swagger_routes
        redoc_url=None,
        redirect_slashes=False,  # TrailingSlash does better
        telemetry=NO_TELEMETRY,
        lifespan=lifespan,
    )


def _described(
    describe: Callable[[], dict[str, Any]], service: Service, policy: UploadPolicy
) -> dict[str, Any]:
    # Only here: most services are never asked.
    from vistazo.api.description.complete import described_in_full

    return described_in_full(describe, service, policy)


def _tell_who_may_call(gate: Gate) -> None:
    """Where that is everybody, or nobody."""
    if not gate.asks:
        log.warning("nobody is asked for a key", extra={"to_change": "vistazo keys add NAME"})
    elif gate.lets_nobody_in:
        log.warning("no key lets anybody in", extra={"to_change": "vistazo keys add NAME"})


def _service(
    settings: Settings,
    stopping: threading.Event,
    load: Callable[[], AnyClassifier] | None,
    load_next: Callable[[], AnyClassifier] | None,
) -> tuple[Service, tuple[IsolatedReader, IsolatedReader]]:
    """And what decodes pictures for it: for the model that answers, and for the next one."""
    source, policy = settings.model_source, settings.isolation_policy
    reader = IsolatedReader(settings.image_limits, policy)
    spare = IsolatedReader(settings.image_limits, replace(policy, workers=1))
    load = load or partial(_load, source, reader, stopping)
    reloader = Reloader(load, partial(stamp_of, source), stop=stopping.set)
    admission = Admission(settings.admission_policy)
    loading_next = partial(load_model, reader=spare, is_cancelled=stopping.is_set)
    shadow = _shadow(settings, reloader, admission, load_next, loading_next)
    reception = Reception(settings.reception_policy)
    return Service(reloader, admission, reception, shadow), (reader, spare)


def _shadow(
    settings: Settings,
    reloader: Reloader,
    admission: Admission,
    load: Callable[[], AnyClassifier] | None,
    loading: Callable[[ModelSource], AnyClassifier],
) -> Shadow | None:
    """None where no model comes next. It waits for no worker that requests wait for."""
    if settings.model_path_next is None:
        return None
    source = next_source(settings.model_source, settings.model_path_next)
    later = next_reloader(source, load or partial(loading, source), lambda: reloader.classifier)
    return Shadow(later, ShadowPolicy(settings.shadow_share), lambda: admission.has_room)


def _route(app: FastAPI, settings: Settings) -> None:
    app.state.upload_policy = UploadPolicy(
        settings.max_batch_files,
        settings.image_limits,
        settings.sample_limits,
        settings.max_json_bytes,
    )
    app.include_router(routes.router)
    app.include_router(feedback_routes.router)
    app.include_router(admin_routes.router)
    app.include_router(drift_routes.router)
    if settings.metrics_port is None:
        app.include_router(metrics_routes.router)
    app.state.example = example = Example(settings.model_path, settings.max_upload_bytes)
    description = DescriptionRoute(app, app.state.service)
    beside = [description.route(), example.route(), *protocol_routes()]
    app.router.routes.extend([*page_routes(), *swagger_routes(), *beside])


def _load(source: ModelSource, reader: IsolatedReader, stopping: threading.Event) -> AnyClassifier:
    """For pictures with a worker that is warm: it warms up while the model is loaded. For others
    there is none: it would take 19 MB.
    """
    classifier = load_model(source, reader, stopping.is_set, when_of_pictures=reader.start)
    if isinstance(classifier, Classifier):
        reader.wait_until_warm()
    return classifier


def _max_bytes(settings: Settings) -> dict[str, MostBytes]:
    """Of the body of a request, by its path. In JSON a picture is a third larger, and some encoders
    write some of its characters as two or six.
    """
    one = settings.max_upload_bytes + _FORM_BYTES
    of_one = MostBytes(one, as_json=one * 3 // 2)
    of_several = MostBytes(settings.max_queued_bytes)
    return {
        **dict.fromkeys(addresses.TAKE_A_PLACE, of_several),
        "/predict": of_one,
        "/explain": of_one,
        "/preview": of_one,
        "/predict/batch": of_several,
        "/feedback": MostBytes(feedback_routes.FEEDBACK_BYTES),
    }


def _records(settings: Settings, metrics: Metrics) -> Records | None:
    """None where none are kept. Raises SettingsError."""
    policy = settings.records_policy
    if policy is None:
        return None
    # Only here, because of what it takes: SQLite, a megabyte.
    from vistazo.service.records.records import Records

    records = Records.opened(policy)
    watch_records(metrics, records)
    return records


def _shared_rates(settings: Settings) -> RateSharing | None:
    """None where nothing is shared. Raises SettingsError."""
    policy = settings.shared_state_policy
    if policy is None:
        return None
    # Only here, as below, because of what it takes: 6 MB with redis-py, an extra.
    from vistazo.api.shared_state import rate_sharing

    return rate_sharing(policy)


def _shared_state(
    rates: RateSharing | None, monitor: Monitor, gate: Gate, metrics: Metrics
) -> SharedState | None:
    """None where each instance counts for itself."""
    if rates is None:
        return None
    from vistazo.api.shared_state import SharedState, drift_exchange
    from vistazo.service.metrics.shared_state import watch_shared_state

    shared = SharedState(rates, drift_exchange(rates.policy, monitor), counts=gate.counts)
    watch_shared_state(metrics, shared.breakers, lambda: shared.drift.counts)
    return shared


def _measured(service: Service, reader: IsolatedReader, monitor: Monitor) -> Metrics:
    """What there is to measure, beside requests."""
    metrics = Metrics()
    watch_process(metrics)
    watch_models(metrics, lambda: service.identity, service.reloader, service.shadow)
    watch_work(metrics, service.admission, service.reception)
    watch_workers(metrics, reader)
    watch_drift(metrics, monitor)
    return metrics

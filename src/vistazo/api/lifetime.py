"""What runs beside the requests, from the start of the service to its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

from fastapi import FastAPI

from vistazo.api import metrics_routes
from vistazo.api.dicom_answers import Reports
from vistazo.api.hangup import reload_on_hangup
from vistazo.api.metrics_server import serving
from vistazo.api.observation import NO_TELEMETRY, Observatory
from vistazo.api.service import Service
from vistazo.api.surroundings import surround
from vistazo.errors import ModelError, SettingsError, VistazoError
from vistazo.models.fetch import Link
from vistazo.service.access.gate import Gate
from vistazo.service.isolation.pool import IsolatedReader
from vistazo.service.reload import watch
from vistazo.service.settings import Settings

if TYPE_CHECKING:
    from vistazo.api.shared_state import SharedState

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def lifetime(
    settings: Settings,
    readers: Sequence[IsolatedReader],
    stopping: threading.Event,
    on_failed_start: Callable[[VistazoError], None],
    app: FastAPI,
) -> AsyncIterator[None]:
    """Load while the port already answers: a model that has to be compiled first takes a while."""
    service: Service = app.state.service
    observatory: Observatory = app.state.observatory
    gate: Gate = app.state.gate
    shared: SharedState | None = app.state.shared_state
    async with contextlib.AsyncExitStack() as beside:
        try:
            await beside.enter_async_context(_metrics_port(settings, app))
        except SettingsError as error:
            log.error("the metrics cannot be served", extra={"reason": str(error)})
            on_failed_start(error)
        tasks = [asyncio.create_task(_load(service, on_failed_start))]
        tasks.append(asyncio.create_task(gate.prepare()))
        if shared is not None:
            tasks.append(asyncio.create_task(shared.run()))
        if settings.watch_model:
            if isinstance(settings.model_path, Link):
                log.warning("a link is not watched: a signal or POST /admin/reload asks it again")
            tasks += [asyncio.create_task(watch(reloader)) for reloader in service.reloaders]
        reload_on_hangup(service.reload)
        with contextlib.suppress(asyncio.CancelledError):  # a server that is torn down ends as well
            yield
        stopping.set()
        for task in tasks:
            task.cancel()
        # Whoever may still get an answer has got it: the server has waited for them.
        for reader in readers:
            await asyncio.to_thread(reader.close)
        reports: Reports = app.state.reports
        await asyncio.to_thread(reports.close)
        await asyncio.to_thread(service.drain)
        if shared is not None:
            await shared.close()
        await asyncio.to_thread(observatory.close)


def _metrics_port(settings: Settings, app: FastAPI) -> contextlib.AbstractAsyncContextManager[None]:
    """GET /metrics and nothing else, where it has a port of its own."""
    if settings.metrics_port is None:
        return contextlib.nullcontext()
    metrics = FastAPI(openapi_url=None, redirect_slashes=False, telemetry=NO_TELEMETRY)
    metrics.state = app.state
    metrics.include_router(metrics_routes.router)
    surround(metrics, {})
    return serving(metrics, settings.metrics_host or settings.host, settings.metrics_port)


async def _load(service: Service, on_failed_start: Callable[[VistazoError], None]) -> None:
    try:
        await service.reloader.start()
    except VistazoError as error:
        if service.is_draining:  # it was stopped
            return
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
    if service.shadow is not None:
        await service.shadow.load("start")

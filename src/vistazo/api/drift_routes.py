"""Whether what is asked and answered is still like what the model was measured on."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from vistazo.api.drift_schemas import DriftAnswer
from vistazo.api.problems import described
from vistazo.api.service import Service
from vistazo.errors import NotReadyError
from vistazo.service.drift.monitor import Monitor

router = APIRouter()


@router.get("/drift", responses=described({503: "Starting or shutting down"}))
async def drift(request: Request, response: Response) -> DriftAnswer:
    """The last answers beside those that the model gave where it was measured."""
    service: Service = request.app.state.service
    monitor: Monitor = request.app.state.monitor
    service.refuse_unless_ready()
    report = monitor.report()
    if report is None:
        raise NotReadyError("The service is starting.")
    response.headers["Cache-Control"] = "no-store"
    return DriftAnswer.of(report)

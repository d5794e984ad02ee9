"""Whether what is asked and answered is still like what the model was measured on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from vistazo.api.drift_schemas import DriftAnswer
from vistazo.api.feedback_worth import feedback_worth
from vistazo.api.problems import described
from vistazo.api.service import Service
from vistazo.errors import NotReadyError
from vistazo.service.drift.monitor import Monitor

if TYPE_CHECKING:
    from vistazo.api.shared_state import SharedState

router = APIRouter()


@router.get(
    "/drift",
    responses=described({503: "Starting or shutting down"}),
    response_model_exclude_unset=True,
)
async def drift(request: Request, response: Response) -> DriftAnswer:
    """The last answers beside those that the model gave where it was measured."""
    service: Service = request.app.state.service
    monitor: Monitor = request.app.state.monitor
    shared: SharedState | None = request.app.state.shared_state
    if shared is not None:
        await shared.drift.refresh()
    served, report = service.classifier, monitor.report()
    if report is None:
        raise NotReadyError("The service is starting.")
    response.headers["Cache-Control"] = "no-store"
    worth = await feedback_worth(
        request.app.state.records,
        report.model,
        served.reference,
        inputs_look_the_same=report.inputs_look_the_same,
    )
    return DriftAnswer.of(report, worth, is_shared=None if shared is None else shared.drift.is_up)

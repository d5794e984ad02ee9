"""What is measured, for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from vistazo.service.metrics import Metrics

if TYPE_CHECKING:
    from vistazo.api.shared_state import SharedState

router = APIRouter()


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Counters, histograms and gauges, as text for Prometheus or OpenMetrics."""
    measured: Metrics = request.app.state.metrics
    shared: SharedState | None = request.app.state.shared_state
    if shared is not None:
        await shared.drift.refresh()
    body, content_type = measured.exposition(request.headers.get("accept", ""))
    headers = {"Content-Type": content_type, "Cache-Control": "no-store"}
    return Response(body, headers=headers)

"""What only those may do who run the service: the guard lets nobody else through."""

from __future__ import annotations

from fastapi import APIRouter, Request

from vistazo.api.problems import described
from vistazo.api.schemas import Reloaded
from vistazo.api.service import Service
from vistazo.errors import ReloadFailedError

router = APIRouter(prefix="/admin")


_PROBLEMS = described(
    {
        401: "No valid key",
        403: "Not for this caller",
        409: "The new model cannot be served: the one before goes on answering",
        503: "Starting or shutting down",
    }
)


@router.post("/reload", responses=_PROBLEMS)
async def reload(request: Request) -> Reloaded:
    """Read the model, its card, labels and baseline again, and answer once the new model serves."""
    service: Service = request.app.state.service
    before = service.classifier.identity.sha256
    outcome = await service.reload("request")
    if outcome.reason is not None:
        raise ReloadFailedError(f"The model before goes on answering. {outcome.reason}")
    identity = service.classifier.identity
    return Reloaded(
        name=identity.name,
        version=identity.version,
        sha256=identity.sha256,
        previous_sha256=before,
        at=outcome.at,
    )

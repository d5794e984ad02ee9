"""One thin handler per endpoint."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from vistazo.api.answering import Answering
from vistazo.api.callers import caller_of
from vistazo.api.departure import while_connected
from vistazo.api.multipart import FIELD, MAX_OTHER_FIELDS, UploadedFile, read_files
from vistazo.api.observation import Observation
from vistazo.api.problems import described
from vistazo.api.schemas import (
    Answer,
    BatchAnswer,
    Concluded,
    Health,
    LastReload,
    ModelDescription,
    NextModel,
)
from vistazo.api.service import Service
from vistazo.errors import RequestError
from vistazo.pictures import ImageLimits
from vistazo.pictures.workload import Workload
from vistazo.service import telemetry

router = APIRouter()

TAKE_A_PLACE = ("/predict", "/predict/batch", "/explain")


@dataclass(frozen=True)
class UploadPolicy:
    max_batch_files: int
    limits: ImageLimits


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _observation(request: Request) -> Observation:
    observation: Observation = request.state.observation
    return observation


async def _policy(request: Request) -> UploadPolicy:
    policy: UploadPolicy = request.app.state.upload_policy
    return policy


TheObservation = Annotated[Observation, Depends(_observation)]
TheService = Annotated[Service, Depends(_service)]
ThePolicy = Annotated[UploadPolicy, Depends(_policy)]


def _form(schema: dict[str, Any]) -> dict[str, Any]:
    fields = {"type": "object", "properties": {FIELD: schema}, "required": [FIELD]}
    form = {"schema": {**fields, "maxProperties": 1 + MAX_OTHER_FIELDS}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": form}}}


_FILE = {"type": "string", "format": "binary", "description": "PNG or JPEG."}
_FILES = {"type": "array", "items": _FILE, "minItems": 1}
_PROBLEMS = described(
    {
        400: "Not a form, or a label that the model does not have",
        408: "The upload took too long",
        413: "Too many bytes",
        415: "Not an accepted format, whatever its name says",
        422: "No file, or a picture that cannot be classified",
        429: "Too busy",
        503: "Starting or shutting down",
    }
)


Label = Annotated[
    str | None, Query(description="Explain this label; by default the predicted class.")
]


@router.post(
    "/predict",
    responses=_PROBLEMS,
    openapi_extra=_form(_FILE),
    response_model_exclude_none=True,
)
async def predict(
    request: Request,
    service: TheService,
    observation: TheObservation,
    *,
    explain: Annotated[bool, Query(description="Add a heatmap to the answer.")] = False,
    label: Label = None,
    show_input: Annotated[bool, Query(description="Add what the model saw to the answer.")] = False,
) -> Answer:
    """Classify one picture."""
    service.classifier.check_label(label)
    async with _received(request, service, observation, max_files=2) as (files, answering):
        file = _only(files)
        asked = answering.explained(file, label) if explain else answering.classified(file)
        answer = await while_connected(request.receive, asked)
        if not show_input:
            return answer
        return await while_connected(request.receive, answering.showing_input(file, answer))


@router.post(
    "/explain",
    responses={**_PROBLEMS, 200: {"content": {"image/png": {}}, "description": "The overlay"}},
    openapi_extra=_form(_FILE),
    response_class=Response,
)
async def explain(
    request: Request, service: TheService, observation: TheObservation, label: Label = None
) -> Response:
    """Show what in one picture speaks for a label: the picture with a heatmap over it, a PNG."""
    service.classifier.check_label(label)
    async with _received(request, service, observation, max_files=2) as (files, answering):
        png = await while_connected(request.receive, answering.overlay(_only(files), label))
        return Response(png, media_type="image/png")


@router.post(
    "/predict/batch",
    responses=_PROBLEMS,
    openapi_extra=_form(_FILES),
    response_model_exclude_none=True,
)
async def predict_batch(
    request: Request, service: TheService, policy: ThePolicy, observation: TheObservation
) -> BatchAnswer:
    """Classify several pictures: one result or one problem per file, in order."""
    service.refuse_unless_ready()
    most = policy.max_batch_files
    async with _received(request, service, observation, most) as (files, answering):
        answers = answering.batch(files, Workload(policy.limits))
        results = await while_connected(request.receive, answers)
    return BatchAnswer(results=results, request_id=telemetry.request_id.get() or "")


@router.get("/model", responses={503: _PROBLEMS[503]})
async def model(service: TheService) -> ModelDescription:
    """The model's card, and what was read from its file."""
    classifier, last, shadow = service.classifier, service.reloader.last, service.shadow
    return ModelDescription(
        sha256=classifier.identity.sha256,
        card=classifier.card.model_dump(mode="json"),
        signature=asdict(classifier.signature),
        conclusions=[Concluded(**asdict(each)) for each in classifier.conclusions],
        warnings=list(classifier.warnings),
        reload=last and LastReload.of(last),
        next=shadow and NextModel.of(shadow.comparison),
    )


@router.get("/health/live")
async def live() -> Health:
    """The process is up."""
    return Health(status="live")


@router.get("/health/ready", responses={503: _PROBLEMS[503]})
async def ready(service: TheService) -> Health:
    """The model is loaded and has answered once."""
    service.refuse_unless_ready()
    return Health(status="ready")


@contextlib.asynccontextmanager
async def _received(
    request: Request, service: Service, observation: Observation, max_files: int
) -> AsyncIterator[tuple[list[UploadedFile], Answering]]:
    """The files of the form, and a place for the work on them: only now, when they are there."""
    caller = caller_of(request.scope)
    with service.reception.upload(caller) as upload:
        files = await read_files(request, max_files, upload)
        with service.admission.place(caller) as place:
            upload.wait_in(place)
            classifier = service.classifier_for_accepted
            yield files, Answering(classifier, place, observation, service.shadow)


def _only(files: list[UploadedFile]) -> UploadedFile:
    if len(files) > 1:
        raise RequestError("Send one picture here, or several to /predict/batch.")
    return files[0]

"""One thin handler per endpoint."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from vistazo.answers.costs import cost_sentences
from vistazo.api import card_route, dicom_answers, media
from vistazo.api.asked import Asked
from vistazo.api.body_schemas import one_picture, several_pictures
from vistazo.api.problems import described
from vistazo.api.sample_schemas import (
    SampleAnswer,
    SampleAnswers,
    SampleBatchAnswer,
    WordsAnswer,
)
from vistazo.api.schemas import (
    Answer,
    BatchAnswer,
    Concluded,
    Health,
    LastReload,
    ModelDescription,
    NextModel,
    RecordsHint,
)
from vistazo.api.service import Service
from vistazo.errors import RequestError
from vistazo.pictures.workload import Workload
from vistazo.service import telemetry

if TYPE_CHECKING:
    from vistazo.service.records.records import Records

router = APIRouter()

TAKE_A_PLACE = ("/predict", "/predict/batch", "/explain", "/preview")

_PROBLEMS = described(
    {
        400: "A form or JSON that cannot be read, or a label that the model does not have",
        408: "The upload took too long",
        413: "Too many bytes",
        415: "Not an accepted format, whatever its name says; not sent as the model takes it",
        422: "Nothing sent or too much, or a picture, text or row that cannot be classified",
        429: "Too busy",
        503: "Starting or shutting down",
    }
)


_PROBLEMS_OF_REPORTS = described(
    {
        406: "A report as DICOM is wanted, and the picture is none",
        501: "A report as DICOM is wanted, and what writes them is not installed",
    }
)
# In words: as another kind of content it would make of the answer, in every generated client, a
# union that has no fields.
_OR_AS_DICOM = "The answer; of a DICOM file, where Accept is application/dicom, a report as DICOM"

Explain = Annotated[
    bool, Query(description="Add to the answer what spoke for it: a heatmap, or words.")
]
Label = Annotated[
    str | None, Query(description="Explain this label; by default the predicted class.")
]

TellsUid = Annotated[
    bool, Query(description="Add the SOP Instance UID of a DICOM file to the answer.")
]

_MOST_FRAMES = 2**31 - 1  # as many as a header can say
ChosenFrame = Annotated[
    int | None,
    Query(
        ge=1,
        le=_MOST_FRAMES,
        description="Of a DICOM file of several frames take this one, from 1; by default the one "
        "that its header calls representative, else the first.",
    ),
]

_MIN_SIDE_PX, _MAX_SIDE_PX = 16, 1_600
MaxSide = Annotated[
    int, Query(ge=_MIN_SIDE_PX, le=_MAX_SIDE_PX, description="Of the PNG's longer side, pixels.")
]


@router.post(
    "/predict",
    responses={
        **_PROBLEMS,
        **_PROBLEMS_OF_REPORTS,
        200: {"description": _OR_AS_DICOM, "model": SampleAnswer | SampleAnswers},
    },
    openapi_extra=one_picture(),
    response_model=Answer,
    response_model_exclude_none=True,
)
async def predict(
    request: Request,
    *,
    explain: Explain = False,
    label: Label = None,
    show_input: Annotated[
        bool, Query(description="Add what the model saw of a picture to the answer.")
    ] = False,
    sop_instance_uid: TellsUid = False,
    frame: ChosenFrame = None,
) -> Response:
    """Classify one picture, a text or several, or rows of numbers.

    Of a DICOM file, with Accept: application/dicom: a structured report beside it.
    """
    asked = Asked.of(request, frame)
    asked.observation.is_further_look = label is not None or show_input
    if not asked.takes_pictures(label):
        if show_input or sop_instance_uid:
            raise RequestError("show_input and sop_instance_uid are of pictures only.")
        async with asked.samples() as (body, samples):
            if card_route.is_asked_by(request.scope):
                return await asked.answer(samples.by_the_card(body))
            work = samples.explained(body, label) if explain else samples.answered(body)
            return await asked.answer(work)
    if media.prefers_dicom(request, media.JSON):
        return await dicom_answers.report(asked, with_more=explain or show_input)
    async with asked.picture() as (file, answers):
        answering = replace(answers, tells_uid=sop_instance_uid)
        wanted = answering.explained(file, label) if explain else answering.classified(file)
        answer = await asked.answer(wanted)
        if show_input:
            answer = await asked.answer(answering.showing_input(file, answer))
    return _as_json(answer)


@router.post(
    "/explain",
    responses={
        **_PROBLEMS,
        **_PROBLEMS_OF_REPORTS,
        200: {
            "content": {media.PNG: {}, media.DICOM: {}},
            "description": "The overlay",
            "model": WordsAnswer,
        },
    },
    openapi_extra=one_picture(),
    response_class=Response,
)
async def explain(request: Request, label: Label = None, frame: ChosenFrame = None) -> Response:
    """Show what speaks for a label: a picture with a heatmap over it, a PNG; words of a text.

    Of a DICOM file, with Accept: application/dicom: a secondary capture beside it.
    """
    asked = Asked.of(request, frame)
    asked.observation.is_further_look = label is not None
    if not asked.takes_pictures(label):
        async with asked.samples() as (body, samples):
            return await asked.answer(samples.words(body, label))
    if media.prefers_dicom(request, media.PNG):
        return await dicom_answers.heatmap(asked, label)
    async with asked.picture() as (file, answering):
        png = await asked.answer(answering.overlay(file, label))
        return Response(png, media_type=media.PNG)


@router.post(
    "/preview",
    responses={
        **_PROBLEMS,
        200: {"content": {"image/png": {}}, "description": "The picture"},
    },
    openapi_extra=one_picture(),
    response_class=Response,
)
async def preview(
    request: Request, max_side_px: MaxSide = _MAX_SIDE_PX, frame: ChosenFrame = None
) -> Response:
    """Show a picture as it is read, upright: a PNG, whatever the model's card accepts."""
    asked = Asked.of(request, frame)
    media.of_pictures(asked.service.classifier)
    async with asked.picture() as (file, answering):
        png = await asked.answer(answering.preview(file, max_side_px))
        return Response(png, media_type="image/png")


@router.post(
    "/predict/batch",
    responses={**_PROBLEMS, 200: {"model": SampleBatchAnswer}},
    openapi_extra=several_pictures(),
    response_model=BatchAnswer,
    response_model_exclude_none=True,
)
async def predict_batch(
    request: Request,
    *,
    explain: Explain = False,
    label: Label = None,
    sop_instance_uid: TellsUid = False,
    frame: ChosenFrame = None,
) -> Response:
    """Classify several pictures, texts or rows: one result or one problem for each, in order."""
    asked = Asked.of(request, frame)
    asked.observation.is_further_look = label is not None
    if not asked.takes_pictures(label):
        if sop_instance_uid:
            raise RequestError("sop_instance_uid is of pictures only.")
        async with asked.samples() as (body, samples):
            work = samples.explained_batch(body, label) if explain else samples.batch(body)
            return await asked.answer(work)
    policy = asked.policy
    async with asked.pictures(policy.max_batch_files) as (files, answers):
        answering = replace(answers, tells_uid=sop_instance_uid)
        workload = Workload(policy.limits, frame)
        wanted = answering.explained_batch(files, workload, label) if explain else None
        results = await asked.answer(wanted or answering.batch(files, workload))
    request_id = telemetry.request_id.get() or ""
    return _as_json(BatchAnswer(results=results, request_id=request_id))


@router.get("/model", responses={503: _PROBLEMS[503]})
async def model(request: Request) -> ModelDescription:
    """The model's card, and what was read from its file."""
    service: Service = request.app.state.service
    records: Records | None = request.app.state.records
    classifier, last, shadow = service.classifier, service.reloader.last, service.shadow
    return ModelDescription(
        sha256=classifier.identity.sha256,
        card=classifier.card.model_dump(mode="json"),
        signature=asdict(classifier.signature),
        runtime=classifier.runtime,
        conclusions=[Concluded(**asdict(each)) for each in classifier.conclusions],
        warnings=list(classifier.warnings),
        records=RecordsHint(
            feedback=records is not None,
            pictures=records is not None and records.policy.keeps_pictures,
        ),
        costs=cost_sentences(classifier.card),
        example=request.app.state.example.picture() is not None,
        reload=last and LastReload.of(last),
        next=shadow and NextModel.of(shadow.comparison),
    )


@router.get("/health/live")
async def live() -> Health:
    """The process is up."""
    return Health(status="live")


@router.get("/health/ready", responses={503: _PROBLEMS[503]})
async def ready(request: Request) -> Health:
    """The model is loaded and has answered once."""
    request.app.state.service.refuse_unless_ready()
    return Health(status="ready")


def _as_json(answer: BaseModel) -> Response:
    """As FastAPI would write it, which would check it once more."""
    return Response(answer.model_dump_json(exclude_none=True), media_type=media.JSON)

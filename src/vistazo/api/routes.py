"""One thin handler per endpoint."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Coroutine
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from vistazo.answers.costs import cost_sentences
from vistazo.api import card_route, media
from vistazo.api.answering import Answering
from vistazo.api.callers import caller_of
from vistazo.api.departure import while_connected
from vistazo.api.multipart import FIELD, MAX_OTHER_FIELDS, UploadedFile, read_files
from vistazo.api.observation import Observation
from vistazo.api.problems import described
from vistazo.api.sample_answering import SampleAnswering
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
from vistazo.pictures import ImageLimits
from vistazo.pictures.formats import ACCEPTED
from vistazo.pictures.workload import Workload
from vistazo.service import telemetry
from vistazo.texts.limits import SampleLimits

if TYPE_CHECKING:
    from vistazo.service.records.records import Records

router = APIRouter()

_Result = TypeVar("_Result")

TAKE_A_PLACE = ("/predict", "/predict/batch", "/explain")


@dataclass(frozen=True)
class UploadPolicy:
    """``max_json_bytes`` are of the body with texts or rows."""

    max_batch_files: int
    limits: ImageLimits
    sample_limits: SampleLimits
    max_json_bytes: int


@dataclass(frozen=True)
class _Asked:
    """A request, and what this service answers with. Taken from the state at once: FastAPI's
    dependencies would look each of them up by itself.
    """

    request: Request
    service: Service
    observation: Observation
    policy: UploadPolicy

    @staticmethod
    def of(request: Request) -> _Asked:
        state = request.app.state
        return _Asked(request, state.service, request.state.observation, state.upload_policy)

    async def answer(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Raises CallerLeftError."""
        return await while_connected(self.request.receive, work)


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    """A form; of JSON the description says what there is once a model is (``interface``)."""
    fields = {"type": "object", "properties": {FIELD: schema}, "required": [FIELD]}
    form = {"schema": {**fields, "maxProperties": 1 + MAX_OTHER_FIELDS}}
    content = {"multipart/form-data": form, media.JSON: {"schema": {"type": "object"}}}
    return {"requestBody": {"required": True, "content": content}}


_FILE = {"type": "string", "format": "binary", "description": f"{ACCEPTED}."}
_FILES = {"type": "array", "items": _FILE, "minItems": 1}
_PROBLEMS = described(
    {
        400: "Not a form, no JSON, or a label that the model does not have",
        408: "The upload took too long",
        413: "Too many bytes",
        415: "Not an accepted format, whatever its name says; not what the model takes",
        422: "No file, or a picture, text or row that cannot be classified",
        429: "Too busy",
        503: "Starting or shutting down",
    }
)


Label = Annotated[
    str | None, Query(description="Explain this label; by default the predicted class.")
]


@router.post(
    "/predict",
    responses={**_PROBLEMS, 200: {"model": SampleAnswer | SampleAnswers}},
    openapi_extra=_body(_FILE),
    response_model=Answer,
    response_model_exclude_none=True,
)
async def predict(
    request: Request,
    *,
    explain: Annotated[
        bool, Query(description="Add to the answer what spoke for it: a heatmap, or words.")
    ] = False,
    label: Label = None,
    show_input: Annotated[
        bool, Query(description="Add what the model saw of a picture to the answer.")
    ] = False,
) -> Response:
    """Classify one picture, a text or several, or rows of numbers."""
    asked = _Asked.of(request)
    asked.observation.is_further_look = label is not None or show_input
    if media.is_json(request):
        media.of_samples(asked.service.classifier).check_label(label)
        if show_input:
            raise RequestError("What the model saw (show_input) is shown of a picture only.")
        async with _json(asked) as (body, samples):
            if card_route.is_asked_by(request.scope):
                return await asked.answer(samples.by_the_card(body))
            work = samples.explained(body, label) if explain else samples.answered(body)
            return await asked.answer(work)
    media.of_pictures(asked.service.classifier).check_label(label)
    async with _received(asked, max_files=2) as (files, answering):
        file = _only(files)
        wanted = answering.explained(file, label) if explain else answering.classified(file)
        answer = await asked.answer(wanted)
        if show_input:
            answer = await asked.answer(answering.showing_input(file, answer))
    return _as_json(answer)


@router.post(
    "/explain",
    responses={
        **_PROBLEMS,
        200: {"content": {"image/png": {}}, "description": "The overlay", "model": WordsAnswer},
    },
    openapi_extra=_body(_FILE),
    response_class=Response,
)
async def explain(request: Request, label: Label = None) -> Response:
    """Show what speaks for a label: a picture with a heatmap over it, a PNG; words of a text."""
    asked = _Asked.of(request)
    asked.observation.is_further_look = label is not None
    if media.is_json(request):
        media.of_samples(asked.service.classifier).check_label(label)
        async with _json(asked) as (body, samples):
            return await asked.answer(samples.words(body, label))
    media.of_pictures(asked.service.classifier).check_label(label)
    async with _received(asked, max_files=2) as (files, answering):
        png = await asked.answer(answering.overlay(_only(files), label))
        return Response(png, media_type="image/png")


@router.post(
    "/predict/batch",
    responses={**_PROBLEMS, 200: {"model": SampleBatchAnswer}},
    openapi_extra=_body(_FILES),
    response_model=BatchAnswer,
    response_model_exclude_none=True,
)
async def predict_batch(request: Request) -> Response:
    """Classify several pictures, texts or rows: one result or one problem for each, in order."""
    asked = _Asked.of(request)
    if media.is_json(request):
        media.of_samples(asked.service.classifier)
        async with _json(asked) as (body, samples):
            return await asked.answer(samples.batch(body))
    media.of_pictures(asked.service.classifier)
    policy = asked.policy
    async with _received(asked, policy.max_batch_files) as (files, answering):
        results = await asked.answer(answering.batch(files, Workload(policy.limits)))
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
        example=request.app.state.example.path() is not None,
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


@contextlib.asynccontextmanager
async def _received(
    asked: _Asked, max_files: int
) -> AsyncIterator[tuple[list[UploadedFile], Answering]]:
    """The files of the form, and a place for the work on them: only now, when they are there."""
    service, caller = asked.service, caller_of(asked.request.scope)
    with service.reception.upload(caller) as upload:
        files = await read_files(asked.request, max_files, upload)
        with service.admission.place(caller) as place:
            upload.wait_in(place)
            classifier = media.of_pictures(service.classifier_for_accepted)
            yield files, Answering(classifier, place, asked.observation, service.shadow)


@contextlib.asynccontextmanager
async def _json(asked: _Asked) -> AsyncIterator[tuple[bytes, SampleAnswering]]:
    """The JSON with texts or rows, and a place for the work on it: only now, when it is there."""
    service, policy, caller = asked.service, asked.policy, caller_of(asked.request.scope)
    with service.reception.upload(caller) as upload:
        body = await media.read_json(asked.request, upload, policy.max_json_bytes)
        with service.admission.place(caller) as place:
            upload.wait_in(place)
            classifier = media.of_samples(service.classifier_for_accepted)
            observation, limits = asked.observation, policy.sample_limits
            given = (classifier, place, observation, service.shadow, limits)
            yield body, SampleAnswering.by(*given)


def _only(files: list[UploadedFile]) -> UploadedFile:
    if len(files) > 1:
        raise RequestError("Send one picture here, or several to /predict/batch.")
    return files[0]


def _as_json(answer: BaseModel) -> Response:
    """As FastAPI would write it, which would check it once more."""
    return Response(answer.model_dump_json(exclude_none=True), media_type=media.JSON)

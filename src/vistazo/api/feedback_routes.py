"""What was true afterwards: POST /feedback."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from vistazo.api import media
from vistazo.api.callers import caller_of
from vistazo.api.observation import record_caller
from vistazo.api.problems import described
from vistazo.errors import FeedbackOffError, RequestError, WrongMediaTypeError
from vistazo.service.access.strict_json import strict_object
from vistazo.service.records.answer_record import Feedback

if TYPE_CHECKING:
    from vistazo.service.records.records import Records

router = APIRouter()

FEEDBACK_BYTES = 10_000
_MOST_INDEX = 2**31 - 1  # what the file of records holds without a doubt
_HOW = 'Send {"request_id": "...", "label": "..."}, of a batch with "index" too.'
_OFF = (
    "No records of answers are kept here, so nothing can be said of them. Whoever runs the service "
    "sets RECORDS_DIR to a folder."
)


class FeedbackAnswer(BaseModel):
    """What is kept now."""

    request_id: str
    index: int = Field(description="Of the answer, in the order of a batch or list.")
    label: str = Field(description="What was true, as you said.")
    predicted_class: str = Field(description="What was answered.")
    agrees: bool


_PROBLEMS = described(
    {
        400: "No JSON with what is wanted, or a label that the model does not have",
        404: "No answer of that id and index was given to this caller, or it is not kept any more",
        408: "The JSON took too long",
        409: "No records are kept: RECORDS_DIR is not set",
        413: "Too many bytes",
        415: "Not sent as JSON",
        429: "Too much feedback at once",
        503: "It could not be written down",
    }
)
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "request_id": {"type": "string", "description": "Of the answer."},
        "label": {"type": "string", "description": "What was true: one of the model's labels."},
        "index": {
            "type": "integer",
            "minimum": 0,
            "maximum": _MOST_INDEX,
            "default": 0,
            "description": "Which answer, where a request had several.",
        },
    },
    "required": ["request_id", "label"],
    "additionalProperties": False,
}
_BODY = {"requestBody": {"required": True, "content": {media.JSON: {"schema": _SCHEMA}}}}


@router.post("/feedback", responses=_PROBLEMS, openapi_extra=_BODY, response_model=FeedbackAnswer)
async def feedback(request: Request) -> Response:
    """Say what was true of an answer. The same again replaces it: the last one counts.

    Answered once it is on the disk. It waits behind no picture.
    """
    records: Records | None = request.app.state.records
    if records is None:
        raise FeedbackOffError(_OFF)
    if not media.is_json(request):
        raise WrongMediaTypeError(f"Feedback is sent as {media.JSON}. {_HOW}")
    said = _read(await _body(request), request)
    judged = await asyncio.wrap_future(records.judge(said))
    answer = FeedbackAnswer(
        request_id=said.request_id,
        index=said.index,
        label=said.label,
        predicted_class=judged.predicted_class,
        agrees=judged.agrees,
    )
    return Response(answer.model_dump_json(), media_type=media.JSON)


async def _body(request: Request) -> bytes:
    with request.app.state.service.reception.upload(caller_of(request.scope)) as upload:
        return await media.read_json(request, upload, FEEDBACK_BYTES)


def _read(body: bytes, request: Request) -> Feedback:
    """Raises RequestError."""
    try:
        found = strict_object(body)
    except ValueError:  # its words may quote the body
        raise RequestError(f"The body is no JSON object that can be read one way. {_HOW}") from None
    request_id, label = found.get("request_id"), found.get("label")
    if not isinstance(request_id, str) or found.keys() - _SCHEMA["properties"].keys():
        raise RequestError(f"The JSON has no request_id that is a text, or other fields. {_HOW}")
    if not isinstance(label, str):
        raise RequestError(f"The JSON has no label that is a text. {_HOW}")
    return Feedback(request_id, _index(found), label, record_caller(request.scope))


def _index(found: Mapping[str, object]) -> int:
    """However it is written: to JSON 2.0 is a whole number, too. Raises RequestError."""
    index = found.get("index", 0)
    if isinstance(index, float) and index.is_integer():
        index = int(index)
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index <= _MOST_INDEX:
        raise RequestError(f"'index' is no whole number from 0 on. {_HOW}")
    return index

"""POST /v1/models/{name}:predict: KServe's version 1, which it has from TensorFlow Serving."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, NoReturn

from starlette.requests import Request
from starlette.responses import Response

from vistazo.api.asked import Asked
from vistazo.api.json_outline import Outline
from vistazo.api.picture_words import too_many
from vistazo.api.protocols.admitted import answer_to
from vistazo.api.protocols.answering import jobs_of_pictures, jobs_of_samples
from vistazo.api.protocols.compressed_body import accepted_encoding
from vistazo.api.protocols.given_answer import GivenAnswer
from vistazo.api.protocols.inference_response import compressed_response
from vistazo.api.protocols.number_text import numbers_of
from vistazo.api.protocols.picture_inputs import SentPicture, encoded_pictures
from vistazo.api.protocols.question import Job, Question
from vistazo.api.protocols.request_json import fields_of, outlined
from vistazo.api.protocols.sample_inputs import refuse_too_many, rows_of
from vistazo.api.protocols.sent_tensor import file_of, whole_text
from vistazo.api.sample_body import SentSamples, Shape
from vistazo.classifier import Classifier
from vistazo.errors import RequestError
from vistazo.loading import AnyClassifier
from vistazo.pictures import ImageLimits
from vistazo.texts.limits import SampleLimits

_FEW = 16  # answers are written at once
_INSTANCES, _BASE64, _IMAGE = "instances", "b64", "image_bytes"
_HOW = {
    "pictures": 'Send {"instances": [{"b64": "...base64..."}]}.',
    "texts": 'Send {"instances": ["..."]}.',
    "rows": 'Send {"instances": [[1.5, 2], [3, 4]]}.',
}


async def predict(request: Request) -> Response:
    """Raises InputError where one of its instances cannot be classified, and RequestError."""
    asked = Asked.of(request)
    return await answer_to(asked, partial(_question, asked, accepted_encoding(request.headers)))


# ---- in a worker


def _question(asked: Asked, encoding: str, body: bytes, served: AnyClassifier) -> Question:
    jobs = _jobs(body, asked, served)
    return Question(jobs, partial(_written, encoding), len(jobs) <= _FEW)


def _jobs(body: bytes, asked: Asked, served: AnyClassifier) -> list[Job]:
    policy = asked.policy
    if isinstance(served, Classifier):
        pictures = _pictures(body, policy.limits, policy.max_batch_files)
        return jobs_of_pictures(pictures, asked, served)
    shape, limits = Shape.of(served), policy.sample_limits
    read = _texts if shape.takes == "texts" else _rows
    return jobs_of_samples(read(body, shape, limits), asked, served)


def _pictures(body: bytes, limits: ImageLimits, max_files: int) -> list[SentPicture]:
    outline, instances = _sent(body, max_files, "pictures")
    if len(instances) > max_files:
        raise too_many(max_files)
    strings = [_string(outline, _picture_in(each), "pictures") for each in instances]
    return encoded_pictures([file_of(outline.literal(each), limits) for each in strings])


def _picture_in(instance: object) -> object:
    """The string itself, or that in {"b64": "..."} or {"image_bytes": {"b64": "..."}}: alone, as a
    second one would be another picture.
    """
    for name in (_IMAGE, _BASE64):
        if isinstance(instance, dict) and instance.keys() == {name}:
            instance = instance[name]
    return instance


def _texts(body: bytes, shape: Shape, limits: SampleLimits) -> SentSamples:
    outline, instances = _sent(body, limits.max_samples, "texts")
    refuse_too_many(len(instances), "texts", limits)
    strings = [_string(outline, each, "texts") for each in instances]
    texts = [whole_text(outline, each) for each in strings]
    return SentSamples(shape, limits, texts, is_one=False)


def _rows(body: bytes, shape: Shape, limits: SampleLimits) -> SentSamples:
    outline = outlined(body, limits.max_samples, _INSTANCES.encode())
    found = fields_of(outline).get(_INSTANCES)
    if not isinstance(found, str) or not outline.are_numbers(found):
        _refuse("The JSON has no 'instances' that are rows of numbers.", "rows")
    literal = outline.literal(found)
    count, odd = divmod(bytes(literal).count(b",") + 1, shape.n_features)
    if odd or (shape.n_features > 1 and not bytes(literal).lstrip().startswith(b"[")):
        _refuse(f"The instances are not rows of {shape.n_features} numbers each.", "rows")
    refuse_too_many(count, "rows", limits)
    rows = numbers_of(literal, (count, shape.n_features), "FP64")
    return SentSamples(shape, limits, rows_of(rows), is_one=False)


def _sent(body: bytes, most: int, takes: str) -> tuple[Outline, list[object]]:
    """Its instances, at least one, and where their strings lie."""
    outline = outlined(body, most, _INSTANCES.encode())
    instances = fields_of(outline).get(_INSTANCES)
    if not isinstance(instances, list) or not instances:
        _refuse(f"The JSON has no 'instances' that are a list of {takes}.", takes)
    return outline, instances


def _string(outline: Outline, value: object, takes: str) -> str:
    if not isinstance(value, str) or outline.are_numbers(value):
        _refuse("An instance is something else.", takes)
    return value


def _refuse(why: str, takes: str) -> NoReturn:
    raise RequestError(f"{why} {_HOW[takes]}")


def _written(encoding: str, answers: Sequence[GivenAnswer]) -> Response:
    """Reasons to doubt are told beside the predictions, where there are any."""
    predictions = [answer.scores or answer.label for answer in answers]
    document: dict[str, Any] = {"predictions": predictions}
    if any(answer.warnings for answer in answers):
        document["warnings"] = [list(answer.warnings) for answer in answers]
    body = json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    return compressed_response(body, "application/json", encoding)

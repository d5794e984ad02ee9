"""The description of the interface, /openapi.json: what is known once the service is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from vistazo.api.media import JSON
from vistazo.api.multipart import FIELD
from vistazo.api.routes import TAKE_A_PLACE, UploadPolicy
from vistazo.api.service import Service
from vistazo.classifier import Classifier
from vistazo.errors import NotReadyError
from vistazo.loading import AnyClassifier
from vistazo.samples.classifier import SampleClassifier

_BATCH = "/predict/batch"
_FORM = "multipart/form-data"
_Document = dict[str, Any]


def with_what_is_known(
    describe: Callable[[], _Document], service: Service, policy: UploadPolicy
) -> _Document:
    """What ``describe`` returns, with how many files a batch may have; and once there is a model,
    what it takes and answers, what a label can be, and the route of its card.
    """
    document = deepcopy(describe())
    paths = document["paths"]
    form = _post(paths[_BATCH])["requestBody"]["content"][_FORM]
    form["schema"]["properties"][FIELD]["maxItems"] = policy.max_batch_files
    try:
        served = service.classifier
    except NotReadyError:
        return document
    for parameter in _parameters(document):
        if parameter["name"] == "label":
            parameter["schema"] = {"type": "string", "enum": list(served.card.labels)}
    for path in TAKE_A_PLACE:
        _narrow(_post(paths[path]), served, policy, is_one_only=path == "/explain")
    if not isinstance(served, Classifier) and served.card.route is not None:
        paths[served.card.route] = {"post": _of_the_card(_post(paths["/predict"]), served)}
    return document


def _post(item: _Document) -> _Document:
    operation: _Document = item["post"]
    return operation


def _parameters(document: _Document) -> Iterator[_Document]:
    for operations in document["paths"].values():
        for operation in operations.values():
            yield from operation.get("parameters", ())


def _narrow(
    operation: _Document, served: AnyClassifier, policy: UploadPolicy, *, is_one_only: bool
) -> None:
    """To what this model takes and answers."""
    content = operation["requestBody"]["content"]
    answers = operation["responses"]["200"]["content"]
    if isinstance(served, Classifier):
        del content[JSON]
        if "image/png" in answers:
            answers.pop(JSON, None)
        else:
            answers[JSON]["schema"] = {"$ref": answers[JSON]["schema"]["$ref"]}
        return
    del content[_FORM]
    content[JSON]["schema"] = _samples(served, policy, is_one_only=is_one_only)
    answers.pop("image/png", None)
    answers[JSON]["schema"].pop("anyOf" if is_one_only else "$ref", None)
    operation["parameters"] = [
        each for each in operation.get("parameters", ()) if each["name"] != "show_input"
    ]


def _samples(served: SampleClassifier, policy: UploadPolicy, *, is_one_only: bool) -> _Document:
    """The schema of a body: one sample, or several."""
    limits = policy.sample_limits
    if served.takes == "texts":
        sample: _Document = {"type": "string", "maxLength": limits.max_text_chars}
        one, many = "text", "texts"
    else:
        kind = ["number", "null"] if served.signature.allows_missing else "number"
        length = {"minItems": served.n_features, "maxItems": served.n_features}
        sample = {"type": "array", "items": {"type": kind}, **length}
        one, many = "row", "rows"
    several = {"type": "array", "items": sample, "minItems": 1, "maxItems": limits.max_samples}
    shapes = [_alone(one, sample), *([] if is_one_only else [_alone(many, several)])]
    return {"oneOf": shapes} if len(shapes) > 1 else shapes[0]


def _alone(name: str, schema: _Document) -> _Document:
    fields = {"properties": {name: schema}, "required": [name]}
    return {"type": "object", **fields, "additionalProperties": False}


def _of_the_card(predict: _Document, served: SampleClassifier) -> _Document:
    """The operation of the card's own route: /predict's, with an answer of one field."""
    operation = deepcopy(predict)
    operation |= {"summary": "As the card says", "operationId": "card_route"}
    operation["description"] = "As /predict, with the answer that the model's card asks for."
    operation.pop("parameters", None)
    values = {"enum": list(served.card.values or served.card.labels)}
    either = {"anyOf": [values, {"type": "array", "items": values}]}
    answer = _alone(served.card.answer_field, either)
    operation["responses"]["200"]["content"] = {JSON: {"schema": answer}}
    return operation

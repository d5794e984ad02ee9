"""The description of the interface, /openapi.json: what is known once the service is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from vistazo.api.asked import UploadPolicy
from vistazo.api.body_schemas import limit_files
from vistazo.api.media import BYTES, DICOM, FORM, JSON, PNG
from vistazo.api.service import Service
from vistazo.classifier import Classifier
from vistazo.errors import NotReadyError
from vistazo.loading import AnyClassifier
from vistazo.samples.classifier import SampleClassifier
from vistazo.texts.limits import SampleLimits

_BATCH, _FEEDBACK = "/predict/batch", "/feedback"
_Document = dict[str, Any]
_OF_REPORTS = ("406", "501")
# In JSON, what is answered to pictures, and what to texts and rows.
_ANSWERS = {
    "/predict": (["Answer"], ["SampleAnswer", "SampleAnswers"]),
    _BATCH: (["BatchAnswer"], ["SampleBatchAnswer"]),
    "/explain": ([], ["WordsAnswer"]),
}


def with_what_is_known(
    describe: Callable[[], _Document], service: Service, policy: UploadPolicy
) -> _Document:
    """What ``describe`` returns, with how many files a batch may have; and once there is a model,
    what it takes and answers, what a label can be, and the route of its card.
    """
    document = deepcopy(describe())
    paths = document["paths"]
    limit_files(_post(paths[_BATCH])["requestBody"]["content"], policy.max_batch_files)
    for path, (pictures, samples) in _ANSWERS.items():
        _answer(_post(paths[path]), [*pictures, *samples])
    try:
        served = service.classifier
    except NotReadyError:
        return _of_any_model(document)
    _say_the_labels(document, list(served.card.labels))
    for path in _ANSWERS:
        _narrow(_post(paths[path]), served, _Shapes(policy, path))
    if not isinstance(served, Classifier):
        _speak_of_samples(paths, served)
    return document


def _speak_of_samples(paths: _Document, served: SampleClassifier) -> None:
    """What is for pictures alone goes; the route of the card comes."""
    for path in ("/preview", "/explain") if served.takes == "rows" else ("/preview",):
        del paths[path]
    if served.card.route is not None:
        paths[served.card.route] = {"post": _of_the_card(_post(paths["/predict"]), served)}


def _say_the_labels(document: _Document, labels: list[str]) -> None:
    for parameter in _parameters(document):
        if parameter["name"] == "label":
            parameter["schema"] = {"type": "string", "enum": labels}
    feedback = _post(document["paths"][_FEEDBACK])["requestBody"]["content"][JSON]["schema"]
    feedback["properties"]["label"]["enum"] = labels


def _of_any_model(document: _Document) -> _Document:
    """Its JSON may hold pictures, texts or rows."""
    for path in _ANSWERS:
        content = _post(document["paths"][path])["requestBody"]["content"]
        content[JSON]["schema"] = {"type": "object"}
    return document


def _post(item: _Document) -> _Document:
    operation: _Document = item["post"]
    return operation


def _parameters(document: _Document) -> Iterator[_Document]:
    for operations in document["paths"].values():
        for operation in operations.values():
            yield from operation.get("parameters", ())


@dataclass(frozen=True)
class _Shapes:
    """Of the JSON that a path takes."""

    policy: UploadPolicy
    path: str

    @property
    def is_one_only(self) -> bool:
        return self.path == "/explain"

    def of(self, served: SampleClassifier) -> _Document:
        """One sample, or several. In a batch each has a problem of its own, whatever it is."""
        limits = self.policy.sample_limits
        one, many = ("text", "texts") if served.takes == "texts" else ("row", "rows")
        sample = _text(limits) if served.takes == "texts" else _row(served)
        each = {} if self.path == _BATCH else sample
        several = {"type": "array", "items": each, "minItems": 1, "maxItems": limits.max_samples}
        if self.is_one_only:
            return _alone(one, sample)
        return {"oneOf": [_alone(one, each), _alone(many, several)]}


def _text(limits: SampleLimits) -> _Document:
    return {"type": "string", "maxLength": limits.max_text_chars}


def _row(served: SampleClassifier) -> _Document:
    kind = ["number", "null"] if served.signature.allows_missing else "number"
    length = {"minItems": served.n_features, "maxItems": served.n_features}
    return {"type": "array", "items": {"type": kind}, **length}


def _narrow(operation: _Document, served: AnyClassifier, shapes: _Shapes) -> None:
    """To what this model takes and answers."""
    content = operation["requestBody"]["content"]
    pictures, samples = _ANSWERS[shapes.path]
    if isinstance(served, Classifier):
        _answer(operation, pictures)
        return
    for media_type in (FORM, BYTES):
        content.pop(media_type, None)
    content[JSON]["schema"] = shapes.of(served)
    for media_type in (PNG, DICOM):
        operation["responses"]["200"]["content"].pop(media_type, None)
    for status in _OF_REPORTS:
        operation["responses"].pop(status, None)
    _answer(operation, samples)
    of_pictures = ["show_input", "sop_instance_uid", "frame"]
    if served.takes != "texts":
        of_pictures += ["explain", "label"]
    operation["parameters"] = [
        each for each in operation.get("parameters", ()) if each["name"] not in of_pictures
    ]


def _answer(operation: _Document, names: list[str]) -> None:
    """With one of these, as JSON."""
    content = operation["responses"]["200"]["content"]
    content.pop(JSON, None)
    schemas = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    if schemas:
        content[JSON] = {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}


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

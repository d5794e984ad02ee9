"""The open protocols, in the description: their paths, and refusals in their shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vistazo.api.asked import UploadPolicy
from vistazo.api.description import protocol_schemas as schemas
from vistazo.api.description.problem_examples import Takes, problem_example
from vistazo.api.description.refusals import codes_of
from vistazo.api.media import BYTES, JSON
from vistazo.api.needs import need_of
from vistazo.api.problems import status_by_code
from vistazo.api.protocols import addresses
from vistazo.api.protocols.outputs import outputs_of
from vistazo.api.security_schema import needs_in
from vistazo.api.service import Service
from vistazo.classifier import Classifier
from vistazo.errors import NotReadyError

Document = dict[str, Any]
GROUP = "protocols"
_VERSION = "/versions/{version}"
_UNKNOWN_MODEL = "unknown_model"


@dataclass(frozen=True)
class Described:
    """What is told of the model: nothing of it before there is one."""

    takes: Takes | None
    labels: Sequence[str]
    policy: UploadPolicy
    name: str | None = None
    version: str | None = None
    n_features: int = 0
    outputs: Sequence[str] = ()
    all_labels: Sequence[str] = ()

    @staticmethod
    def of(
        service: Service, takes: Takes | None, labels: Sequence[str], policy: UploadPolicy
    ) -> Described:
        try:
            served = service.classifier
        except NotReadyError:
            return Described(takes, labels, policy)
        card = served.card
        n_features = 0 if isinstance(served, Classifier) else served.n_features
        outputs = [each.name for each in outputs_of(served)]
        told = (card.name, card.version, n_features, outputs, card.labels)
        return Described(takes, labels, policy, *told)

    @property
    def max_elements(self) -> int:
        if self.takes in (None, "pictures"):
            return self.policy.max_batch_files
        return self.policy.sample_limits.max_samples


@dataclass(frozen=True)
class _Operation:
    path: str
    name: str
    answers: str
    description: str
    takes: str | None = None


_OPERATIONS = (
    _Operation(addresses.SERVER, "v2_server", "ServerMetadata", "What speaks here."),
    _Operation(addresses.LIVE, "v2_live", "ServerLive", "The process is up."),
    _Operation(addresses.READY, "v2_ready", "ServerReady", "The model is loaded."),
    _Operation(addresses.MODELS, "v2_models", "ModelNames", "The models, of which there is one."),
    _Operation(
        addresses.MODEL, "v2_model", "ModelMetadata", "What the model takes and what it can answer."
    ),
    _Operation(addresses.MODEL_READY, "v2_model_ready", "ModelReady", "The model can answer."),
    _Operation(
        addresses.INFER,
        "v2_infer",
        "InferenceResponse",
        "Classify what one tensor holds. Shown is one element in JSON; there may be several, raw "
        "pixels, prepared tensors and binary data: see the page about open protocols.",
        "InferenceRequest",
    ),
    _Operation(addresses.V1_MODELS, "v1_models", "ModelNames", "The models: version 1."),
    _Operation(addresses.V1_MODEL, "v1_model", "ModelReady", "The model can answer."),
    _Operation(
        addresses.V1_PREDICT,
        "v1_predict",
        "Predictions",
        "Classify instances: version 1.",
        "Instances",
    ),
)


def add_protocols(document: Document, told: Described) -> None:
    """To a ``document`` that is complete but for them."""
    components = document["components"]["schemas"]
    components.update(schemas.ALWAYS)
    most_chars = told.policy.sample_limits.max_text_chars
    datatype, element = schemas.data_of(told.takes, most_chars)
    shown = (datatype, element, told.n_features, told.all_labels, told.outputs)
    components["InferenceRequest"] = schemas.inference_request(*shown)
    components["Instances"] = schemas.instances(
        element, told.takes, told.n_features, told.max_elements
    )
    for each in _OPERATIONS:
        _add(document, each, told, each.path, each.name)
        if each.path.startswith(addresses.MODEL):
            path = each.path.replace(addresses.MODEL, addresses.MODEL + _VERSION)
            _add(document, each, told, path, f"{each.name}_of_version")


def _add(document: Document, each: _Operation, told: Described, path: str, name: str) -> None:
    operation: Document = {
        "operationId": name,
        "tags": [GROUP],
        "summary": each.description.split(".")[0],
        "description": each.description,
        "parameters": _parameters(path, told),
        "responses": {"200": _answer(each, told)},
    }
    method = "get" if each.takes is None else "post"
    if each.takes is not None:
        requests = dict(zip(("InferenceRequest", "Instances"), _sent(told), strict=True))
        shown = {"schema": _ref(each.takes), "examples": {"one": {"value": requests[each.takes]}}}
        operation["requestBody"] = {"required": True, "content": {JSON: shown}}
    if "securitySchemes" in document["components"]:
        operation["security"] = needs_in(each.path)
    _add_refusals(operation, each, told)
    document["paths"][path] = {method: operation}


def _sent(told: Described) -> tuple[Any, Any]:
    return schemas.sent_examples(told.takes, told.n_features)


def _parameters(path: str, told: Described) -> list[Document]:
    known = {"name": told.name, "version": told.version}
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", **({} if value is None else {"enum": [value]})},
        }
        for name, value in known.items()
        if "{" + name + "}" in path
    ]


def _answer(each: _Operation, told: Described) -> Document:
    example = schemas.answer_examples(told.labels)[each.answers]
    content: Document = {
        JSON: {"schema": _ref(each.answers), "examples": {"one": {"value": example}}}
    }
    if each.path == addresses.INFER:
        binary = {"type": "string", "format": "binary", "contentMediaType": BYTES}
        content[BYTES] = {"schema": binary}
    return {"description": "The answer", "content": content}


def _add_refusals(operation: Document, each: _Operation, told: Described) -> None:
    """Those of /predict, of a path that takes a place; elsewhere those that any path has."""
    status, like = status_by_code(), "/predict" if each.takes else each.path
    codes = [*codes_of(like, operation, told.takes)]
    if "{name}" in each.path and _UNKNOWN_MODEL not in codes:
        codes.append(_UNKNOWN_MODEL)
    if need_of(each.path) is None and "rate_limited" in codes:
        codes.remove("rate_limited")
    for code in codes:
        problem = problem_example(code, told.labels)
        refusal = operation["responses"].setdefault(
            str(status[code].value),
            {
                "description": status[code].phrase,
                "content": {JSON: {"schema": _ref("InferenceError"), "examples": {}}},
            },
        )
        said = {"error": f"{code}: {problem.detail}"}
        refusal["content"][JSON]["examples"][code] = {"value": said}
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}

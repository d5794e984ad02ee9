"""What is sent and answered in the open protocols, as schemas: that which every client can send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vistazo.api.description.example_model import EXAMPLE_ID, MODEL, PNG, shares
from vistazo.api.description.problem_examples import Takes

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer"}
_FLAG: Schema = {"type": "boolean"}
_ONES: Schema = {"type": "array", "items": {**_WHOLE, "minimum": 1, "maximum": 1}}
_SHAPE_OF_ONE: Schema = {
    **_ONES,
    "minItems": 1,
    "maxItems": 2,
    "description": "[n] elements, or [n, 1]: here one. A request may have several.",
}


def obj(properties: Schema, *required: str, **more: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), **more}


def listed(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_NAMED_TENSOR = obj(
    {"name": _TEXT, "datatype": _TEXT, "shape": listed(_WHOLE)}, "name", "datatype", "shape"
)
_OUTPUT = obj(
    {
        "name": _TEXT,
        "datatype": {**_TEXT, "enum": ["FP32", "FP64", "BYTES"]},
        "shape": listed(_WHOLE),
        "parameters": {"type": "object"},
        "data": {"type": "array", "items": {}},
    },
    "name",
    "datatype",
    "shape",
)
ALWAYS: dict[str, Schema] = {
    "InferenceError": obj(
        {"error": {**_TEXT, "description": "The stable code, a colon, and what happened."}},
        "error",
    ),
    "ServerMetadata": obj(
        {"name": _TEXT, "version": _TEXT, "extensions": listed(_TEXT)},
        "name",
        "version",
        "extensions",
    ),
    "ServerLive": obj({"live": _FLAG}, "live"),
    "ServerReady": obj({"ready": _FLAG}, "ready"),
    "ModelNames": obj({"models": listed(_TEXT)}, "models"),
    "ModelReady": obj({"name": _TEXT, "ready": _FLAG}, "name", "ready"),
    "ModelMetadata": obj(
        {
            "name": _TEXT,
            "versions": listed(_TEXT),
            "platform": _TEXT,
            "inputs": listed(_NAMED_TENSOR),
            "outputs": listed(_NAMED_TENSOR),
        },
        "name",
        "versions",
        "platform",
        "inputs",
        "outputs",
    ),
    "InferenceResponse": obj(
        {
            "model_name": _TEXT,
            "model_version": _TEXT,
            "id": {**_TEXT, "description": "Yours, or else the request_id."},
            "parameters": {
                "type": "object",
                "description": "`warnings`: reasons to doubt an answer, where there are any.",
            },
            "outputs": listed(_OUTPUT),
        },
        "model_name",
        "model_version",
        "id",
        "outputs",
    ),
    "Predictions": obj(
        {
            "predictions": {
                "type": "array",
                "items": {},
                "description": "Of each instance its probabilities, in label order.",
            },
            "warnings": listed(listed(_TEXT)),
        },
        "predictions",
    ),
}


def data_of(takes: Takes | None, max_text_chars: int) -> tuple[str, Schema]:
    """The datatype of the input, and the schema of one element."""
    if takes == "rows":
        return "FP64", {"type": "number"}
    if takes == "texts":
        return "BYTES", {**_TEXT, "maxLength": max_text_chars}
    picture = {"format": "byte", "contentEncoding": "base64"}
    return "BYTES", {**_TEXT, **picture, "description": "A picture in base64."}


def inference_request(
    datatype: str, element: Schema, n_features: int, labels: Sequence[str], outputs: Sequence[str]
) -> Schema:
    """Of one element in JSON."""
    count = max(1, n_features)
    shape = _SHAPE_OF_ONE if not n_features else listed({**_WHOLE, "minimum": 1})
    tensor = obj(
        {
            "name": {**_TEXT, "maxLength": 200, "description": "Any: there is one input."},
            "datatype": {**_TEXT, "enum": [datatype]},
            "shape": shape,
            "data": {**listed(element), "minItems": count, "maxItems": count},
        },
        "name",
        "datatype",
        "shape",
        "data",
    )
    label = {"label": {"type": ["string", "null"], "enum": [*labels, None]}} if labels else {}
    parameters = {"binary_data_output": _FLAG, "explain": _FLAG, **label}
    name = {"name": {**_TEXT, "enum": list(outputs)}} if outputs else {"name": _TEXT}
    return obj(
        {
            "id": {"type": ["string", "null"], "maxLength": 1_000},
            "inputs": {**listed(tensor), "minItems": 1, "maxItems": 1},
            "outputs": {**listed(obj(name, "name")), "type": ["array", "null"], "maxItems": 64},
            "parameters": {**obj(parameters), "type": ["object", "null"]},
        },
        "inputs",
    )


def instances(element: Schema, takes: Takes | None, n_features: int, most: int) -> Schema:
    instance = element
    if takes in (None, "pictures"):
        instance = obj({"b64": element}, "b64", additionalProperties=False)
    if takes == "rows":
        instance = {**listed(element), "minItems": n_features, "maxItems": n_features}
    several = {**listed(instance), "minItems": 1, "maxItems": most}
    return obj({"instances": several}, "instances")


def sent_examples(takes: Takes | None, n_features: int) -> tuple[Any, Any]:
    """A request of version 2, and one of version 1."""
    data: list[Any] = [PNG] if takes in (None, "pictures") else ["It is true."]
    instance: Any = {"b64": PNG} if takes in (None, "pictures") else "It is true."
    datatype, shape = "BYTES", [1]
    if takes == "rows":
        data = instance = [1.5] * n_features
        datatype, shape = "FP64", [1, n_features]
    tensor = {"name": "input", "datatype": datatype, "shape": shape, "data": data}
    return {"id": "42", "inputs": [tensor]}, {"instances": [instance]}


def answer_examples(labels: Sequence[str]) -> dict[str, Any]:
    """By the name of the schema."""
    named = {"name": MODEL.name, "ready": True}
    scores = {"name": "scores", "datatype": "FP32", "shape": [1, len(labels)]}
    metadata = {
        "name": MODEL.name,
        "versions": [MODEL.version],
        "platform": "onnxruntime",
        "inputs": [{"name": "picture", "datatype": "BYTES", "shape": [-1]}],
        "outputs": [{**scores, "shape": [-1, len(labels)]}],
    }
    told = {"model_name": MODEL.name, "model_version": MODEL.version, "id": EXAMPLE_ID}
    extensions = ["binary_tensor_data", "classification", "parameters"]
    return {
        "ServerMetadata": {"name": "vistazo", "version": "1.0.0", "extensions": extensions},
        "ServerLive": {"live": True},
        "ServerReady": {"ready": True},
        "ModelNames": {"models": [MODEL.name]},
        "ModelReady": named,
        "ModelMetadata": metadata,
        "InferenceResponse": {**told, "outputs": [{**scores, "data": shares(labels)}]},
        "Predictions": {"predictions": [shares(labels)]},
    }

"""The description in full: groups, refusals, limits and examples, for people who generate clients
of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from vistazo.api.asked import UploadPolicy
from vistazo.api.description.answer_examples import add_answer_examples
from vistazo.api.description.problem_examples import Takes
from vistazo.api.description.protocol_paths import GROUP, Described, add_protocols
from vistazo.api.description.refusals import describe_refusals, operations
from vistazo.api.media import DICOM
from vistazo.api.needs import need_of
from vistazo.api.service import Service
from vistazo.classifier import Classifier
from vistazo.errors import NotReadyError
from vistazo.loading import AnyClassifier
from vistazo.pictures import ImageLimits

_Document = dict[str, Any]
_OF_FASTAPI = "Successful Response"
# ``format`` is what generators understand; OpenAPI 3.1 has the other.
_BINARY = {"type": "string", "format": "binary"}
# By the scope that a key needs for it.
_GROUPS = {
    "predict": "Classify pictures, texts or rows, explain the answer, say what the model is.",
    "feedback": "Say what was true afterwards.",
    "metrics": "How the service and the model do.",
    "admin": "For those who run the service.",
    GROUP: "The Open Inference Protocol, version 2, and KServe's version 1: the same model for "
    'clients of Triton, KServe and MLServer. A refusal is {"error": "CODE: what happened"}.',
    "health": "For whatever watches over it. Asks for no key.",
}
_DESCRIPTION = (
    "Every refusal, but below /v2 and /v1, is a problem document (RFC 9457): `code` is stable, one "
    "of those that the schema lists; `detail` says what happened and what to do. What can be tried "
    "again has `Retry-After`."
)
# An example of a thousand labels would be read by nobody.
_MOST_LABELS = 8


def described_in_full(
    describe: Callable[[], _Document], service: Service, policy: UploadPolicy
) -> _Document:
    """What ``describe`` returns, which is ours to change."""
    document = describe()
    takes, labels = _known(service)
    document["info"]["description"] = _DESCRIPTION
    document["tags"] = [{"name": name, "description": said} for name, said in _GROUPS.items()]
    for path, operation in operations(document):
        operation["tags"] = [need_of(path) or "health"]
        operation["summary"] = re.split(r"[.:]", operation["description"])[0]
        if operation["responses"]["200"]["description"] == _OF_FASTAPI:
            operation["responses"]["200"]["description"] = "The answer"
        for media_type, media in operation["responses"]["200"]["content"].items():
            if media_type.startswith(("image/", DICOM)):
                media["schema"] = {**_BINARY, "contentMediaType": media_type}
        for media in operation.get("requestBody", {}).get("content", {}).values():
            _limit(media["schema"], policy.limits)
    describe_refusals(document, takes, labels)
    add_answer_examples(document, takes, labels)
    add_protocols(document, Described.of(service, takes, labels, policy))
    return document


def _known(service: Service) -> tuple[Takes | None, list[str]]:
    """What the model takes, and its labels, the first ones; before there is one, two of no one."""
    try:
        served: AnyClassifier = service.classifier
    except NotReadyError:
        return None, ["NEGATIVE", "POSITIVE"]
    labels = list(served.card.labels[:_MOST_LABELS])
    return "pictures" if isinstance(served, Classifier) else served.takes, labels


def _limit(schema: _Document, limits: ImageLimits) -> None:
    """Each file within ``schema``: in bytes, as OpenAPI 3.1 has it of binary content."""
    most = f"{limits.max_bytes:,} bytes and {limits.max_pixels:,} pixels"
    if schema.get("format") == "binary":
        schema["description"] += f" At most {most}."
        schema["maxLength"] = limits.max_bytes
    if schema.get("format") == "byte":
        schema["description"] += f" Decoded at most {most}."
    for each in schema.get("properties", {}).values():
        _limit(each, limits)
    if isinstance(items := schema.get("items"), dict):
        _limit(items, limits)
    for each in schema.get("oneOf", ()):
        _limit(each, limits)

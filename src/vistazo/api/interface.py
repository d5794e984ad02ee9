"""The description of the interface, /openapi.json: what is known once the service is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vistazo.api.multipart import FIELD
from vistazo.api.service import Service
from vistazo.errors import NotReadyError

_BATCH = "/predict/batch"


def with_what_is_known(
    describe: Callable[[], dict[str, Any]], service: Service, max_batch_files: int
) -> dict[str, Any]:
    """What ``describe`` returns, with how many files a batch may have, and what a label can be once
    there is a model.
    """
    document = describe()
    form = document["paths"][_BATCH]["post"]["requestBody"]["content"]["multipart/form-data"]
    form["schema"]["properties"][FIELD]["maxItems"] = max_batch_files
    try:
        labels = service.classifier.card.labels
    except NotReadyError:
        return document
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "label":
                    parameter["schema"] = {"type": "string", "enum": list(labels)}
    return document

"""Carries out the calls of a test where somebody else's client is installed: a line each way."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable
from typing import Any


def carry_out(*functions: Callable[..., Any]) -> None:
    """Until there are no more. What libraries print goes to stderr."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    known = {function.__name__: function for function in functions}
    for line in sys.stdin:
        name, arguments = json.loads(line, object_hook=_as_bytes)
        try:
            said = {"returned": known[name](**arguments)}
        except Exception as error:
            said = {"raised": _told(error)}
        answers.write(json.dumps(said, default=_as_base64) + "\n")
        answers.flush()


def _told(error: Exception) -> dict[str, str | None]:
    status = getattr(error, "status", None)  # a method, of tritonclient's
    return {
        "kind": type(error).__name__,
        "said": str(error),
        "status": status() if callable(status) else None,
    }


def _as_base64(data: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(data).decode()}


def _as_bytes(document: dict[str, Any]) -> Any:
    return base64.b64decode(document["base64"]) if set(document) == {"base64"} else document

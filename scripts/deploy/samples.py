"""A sample that a served model takes, whatever it takes: a picture, a text or a row of numbers."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from pictures import drawn_picture, form

TEXT = "A first look: does the service answer?"
_USUAL_SIDE_PX, _USUAL_RATIO = 256, 1.25


@dataclass(frozen=True)
class Sample:
    """The body of a request."""

    body: bytes
    content_type: str


def sample_for(model: Any, picture: bytes | None) -> Sample:
    """``model`` is what GET /model answers; somebody's ``picture`` is sent to a model of those.

    Raises KeyError, TypeError or ValueError where it is no such answer.
    """
    task = model["card"].get("task", "image")
    if task == "text":
        return _json({"text": TEXT})
    if task == "rows":
        return _json({"row": [1.0] * int(model["signature"]["n_features"])})
    boundary = uuid.uuid4().hex
    picture = picture or _drawn(model["card"]["input"])
    return Sample(form(boundary, picture), f"multipart/form-data; boundary={boundary}")


def _json(document: dict[str, Any]) -> Sample:
    return Sample(json.dumps(document).encode(), "application/json")


def _drawn(spec: Any) -> bytes:
    """A made picture that the card takes."""
    height = max(_USUAL_SIDE_PX, int(spec["min_side_px"]))
    width = int(height * min(_USUAL_RATIO, float(spec["max_aspect_ratio"])))
    return drawn_picture(width, height)

"""For the command schemathesis: what a picture is, which no schema can say; and what a form is."""

from __future__ import annotations

import base64
from typing import Any

import schemathesis
from hypothesis import strategies as st

from builders import encoded, flat

_SIDES = st.integers(32, 90)


def _picture(image_format: str, grey: int, width: int, height: int) -> bytes:
    return encoded(flat(grey, width, height), image_format)


_PICTURES = st.builds(
    _picture, st.sampled_from(["PNG", "JPEG"]), st.integers(0, 255), _SIDES, _SIDES
)

schemathesis.openapi.format("binary", _PICTURES)
schemathesis.openapi.format("byte", _PICTURES.map(lambda data: base64.b64encode(data).decode()))


@schemathesis.hook
def filter_body(_context: Any, body: Any) -> bool:
    """Not those of which fields are lost on the way: a form has no word for an empty list. With one
    such, a form of too many fields arrives as one of few, and is rightly taken.
    """
    return not isinstance(body, dict) or [] not in body.values()


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Of these pictures there is one frame, which no schema can say: none asks for a second."""
    frame = str((case.query or {}).get("frame"))
    if frame.isdecimal() and 1 < int(frame) < 2**31:
        case.query["frame"] = 1

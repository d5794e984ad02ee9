"""For the command schemathesis: what a picture is, which no schema can say."""

from __future__ import annotations

import schemathesis
from hypothesis import strategies as st

from builders import encoded, flat

_SIDES = st.integers(32, 90)


def _picture(image_format: str, grey: int, width: int, height: int) -> bytes:
    return encoded(flat(grey, width, height), image_format)


schemathesis.openapi.format(
    "binary",
    st.builds(_picture, st.sampled_from(["PNG", "JPEG"]), st.integers(0, 255), _SIDES, _SIDES),
)

"""The model of the examples: nobody's."""

from __future__ import annotations

from collections.abc import Sequence

from vistazo.api.schemas import Model

EXAMPLE_ID = "0123456789abcdef0123456789abcdef"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
MODEL = Model(name="example", version="1.0.0", sha256=SHA256)
# 32 x 32 pixels, grey, darker on the left.
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAAAAABWESUoAAAANUlEQVR42mNg4BCQUNAwsHDwCIhIyCioaOiYMGPB"
    "ig07Dpy4cOPBiw8/GEYVjCoYVTBSFQAAl2zwEJjgKNwAAAAASUVORK5CYII="
)


def shares(labels: Sequence[str]) -> list[float]:
    """In label order: most of it for the last."""
    if len(labels) == 1:
        return [0.9]
    return [*[round(0.1 / (len(labels) - 1), 4)] * (len(labels) - 1), 0.9]

"""Pictures laid flat: which sizes a row of numbers can have been, ``Flatten`` undone.

Keras flattens (height, width, channels) row by row, the channels of a pixel side by side. The file
tells the length of the row alone, so somebody has to say the size.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt

from vistazo.errors import UnsupportedModelError

MAX_SIDE, MIN_SIDE = 16_384, 8

# How one says it; where a file leaves the size open, too.
SAY_THE_SIZE = (
    "INPUT_SIZE=HEIGHTxWIDTH, '--input HEIGHTxWIDTH' of a command, or the input size of the model "
    "card"
)

COLOURS = {1: "in grey", 3: "in colour"}
_MOST_SHOWN = 4
_LONGEST = 2  # times the other side: of the sizes that fit, what most pictures have

Size = tuple[int, int]


def unfolded(length: int, asked: Size | None) -> tuple[int, int, int]:
    """Height, width and channels of the pictures that are rows of this length.

    Raises UnsupportedModelError where no size is asked for, or one that does not fit.
    """
    if asked is None:
        raise UnsupportedModelError(
            f"The model takes no picture, but a row of {length} numbers{_unless(length)}"
        )
    height, width = asked
    for channels in COLOURS:
        if height * width * channels == length:
            return height, width, channels
    pixels = height * width
    raise UnsupportedModelError(
        f"A picture of {height}x{width} is {pixels} numbers in grey and {3 * pixels} in colour, "
        f"but the model takes a row of {length}{_that_fit(length)}"
    )


def _unless(length: int) -> str:
    fitting = _that_fit(length)
    if fitting == ".":
        return ", such as landmarks or measurements. What can be served takes pictures."
    return f". If that is a picture laid flat, say its size: {SAY_THE_SIZE}{fitting}"


def _that_fit(length: int) -> str:
    found = [f"{height}x{width} {COLOURS[channels]}" for height, width, channels in _sizes(length)]
    return f". What would fit: {', '.join(found)}." if found else "."


def _sizes(length: int) -> list[tuple[int, int, int]]:
    """Those that a row of this length can have been: squares first, no very long ones."""
    if not 0 < length <= MAX_SIDE * MAX_SIDE * max(COLOURS):
        return []
    found = [
        (*size, channels)
        for channels in COLOURS
        if length % channels == 0
        for size in _shapes(length // channels)
    ]
    return sorted(found, key=lambda size: max(size[:2]) / min(size[:2]))[:_MOST_SHOWN]


def _shapes(pixels: int) -> Iterator[Size]:
    """Height and width of so many pixels, and the other way round."""
    for side in range(isqrt(pixels), max(MIN_SIDE, isqrt(pixels // _LONGEST)) - 1, -1):
        if pixels % side == 0:
            yield from dict.fromkeys([(side, pixels // side), (pixels // side, side)])

"""A picture made small enough to be looked at, whatever it was: 8 bits, upright."""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vistazo.pictures.decode import EncodedImage
from vistazo.pictures.picture import Picture

_SMOOTH = Image.Resampling.BILINEAR
_FAST = 1  # compression: it is made while somebody waits


def preview(image: EncodedImage, max_side_px: int) -> Picture:
    """The whole of an opened picture as uint8, its longer side ``max_side_px`` at most; never
    enlarged. Raises InputError where it cannot be decoded.
    """
    width, height = _within(image.upright_size, max_side_px)
    half = math.ceil(min(width, height) / 2)  # decoding leaves twice that
    narrow = _narrowed(image.decode(at_least=(half, half)), width)
    whole = Image.fromarray(narrow).resize((width, height), _SMOOTH)
    return Picture(np.asarray(whole))


def _narrowed(picture: Picture, width: int) -> NDArray[np.uint8]:
    """In strips: what is computed of a large picture is not held beside it."""
    narrow = np.empty((picture.height, width, *picture.rows(0, 1).shape[2:]), np.uint8)
    top = 0
    for strip in picture.strips():
        levels = np.asarray(Image.fromarray(strip).resize((width, len(strip)), _SMOOTH))
        if levels.dtype != np.uint8:
            levels = np.clip(np.rint(levels), 0, 255)
        narrow[top : top + len(strip)] = levels
        top += len(strip)
    return narrow


def png_of(picture: Picture) -> bytes:
    """Of a picture of uint8."""
    buffer = io.BytesIO()
    picture.image().save(buffer, "PNG", compress_level=_FAST)
    return buffer.getvalue()


def _within(size: tuple[int, int], max_side_px: int) -> tuple[int, int]:
    """Width and height of the same proportions."""
    scale = min(1.0, max_side_px / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))

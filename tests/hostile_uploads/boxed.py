"""Small honest BMP, TIFF, WebP and AVIF of every kind that is read, to damage."""

from __future__ import annotations

import io
import random
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from hostile_uploads.honest import photo, tagged

_SIDES = (1, 46, 48, 64, 64, 150)
_LZW, _DEFLATE = {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}
_DIFFERENCES = {"tiffinfo": {317: 2}}
# Modes, and ways of writing them.
_KINDS: dict[str, tuple[tuple[str, ...], tuple[dict[str, Any], ...]]] = {
    "BMP": (("1", "L", "P", "RGB", "RGBA"), ({},)),
    "TIFF": (
        ("1", "L", "I;16", "P", "RGB", "RGBA", "CMYK"),
        (
            *({}, _LZW, _DEFLATE, {"compression": "packbits"}, {**_DEFLATE, "strip_size": 40}),
            *({**_LZW, **_DIFFERENCES}, {"icc_profile": bytes(300), "dpi": (300, 300)}),
        ),
    ),
    "WEBP": (
        ("RGB", "RGBA"),
        (
            *({}, {"lossless": True, "method": 0}, {"quality": 100}, {"quality": 1}),
            {"icc_profile": bytes(300), "xmp": b"perez" * 9},
        ),
    ),
    "AVIF": (
        ("L", "RGB"),
        (
            *({}, {"subsampling": "4:4:4", "quality": 100}, {"range": "limited"}),
            *({"subsampling": "4:2:2"}, {"subsampling": "4:0:0", "xmp": b"perez" * 9}),
        ),
    ),
}
BOXED = tuple(_KINDS)


def boxed_picture(image_format: str, chance: random.Random) -> bytes:
    modes, ways = _KINDS[image_format]
    mode, way = chance.choice(modes), chance.randrange(len(ways))
    return _written(image_format, mode, way, chance.choice(_SIDES), chance.randrange(3))


@cache
def _written(image_format: str, mode: str, way: int, side: int, seed: int) -> bytes:
    options = dict(_KINDS[image_format][1][way])
    if image_format == "AVIF":
        options |= {"speed": 10}
    if mode in ("1", "I;16", "P"):
        options.pop("tiffinfo", None)
    buffer = io.BytesIO()
    if image_format != "BMP":
        options["exif"] = tagged(seed)
    if "tiffinfo" in options:
        del options["exif"]
    _photo(mode, side, seed).save(buffer, image_format, **options)
    return buffer.getvalue()


def _photo(mode: str, side: int, seed: int) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(np.asarray(photo("L", side, seed)).astype(np.uint16) * 257 + 3)
    if mode in ("1", "P"):
        return photo("L", side, seed).convert(mode)
    return photo(mode, side, seed)

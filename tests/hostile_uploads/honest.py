"""Small honest pictures of every kind, to damage."""

from __future__ import annotations

import io
import random
import struct
import zlib
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from hostile_pictures import ADAM7, SIGNATURE, chunk

_SIDES = (1, 8, 33, 40, 64, 150)
_JPEG_MODES = ("L", "RGB", "CMYK")
_JPEG_OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"progressive": True},
    {"optimize": True, "quality": 98},
    {"subsampling": 0},
    {"subsampling": 1, "progressive": True},
    {"subsampling": 2, "restart_marker_blocks": 1},
    {"restart_marker_rows": 1, "progressive": True},
    {"quality": 1},
    {"icc_profile": bytes(3000), "comment": b"c" * 300, "dpi": (300, 300)},
)
# Depths and samples a pixel of each PNG colour type (ISO/IEC 15948, table 11.1).
PNG_KINDS = (
    *((depth, 0, 1) for depth in (1, 2, 4, 8, 16)),
    *((depth, 3, 1) for depth in (1, 2, 4, 8)),
    *((depth, colour, n) for depth in (8, 16) for colour, n in ((2, 3), (4, 2), (6, 4))),
)


def honest_picture(chance: random.Random) -> bytes:
    side, seed = chance.choice(_SIDES), chance.randrange(4)
    if chance.random() < 0.5:
        mode = chance.choice(_JPEG_MODES)
        return _jpeg(mode, side, chance.randrange(len(_JPEG_OPTIONS)), seed)
    return png(*chance.choice(PNG_KINDS), side, chance.random() < 0.4, seed)


@cache
def _jpeg(mode: str, side: int, options: int, seed: int) -> bytes:
    buffer = io.BytesIO()
    photo(mode, side, seed).save(buffer, "JPEG", exif=tagged(seed), **_JPEG_OPTIONS[options])
    return buffer.getvalue()


def tagged(seed: int) -> bytes:
    """EXIF that says how to turn the picture."""
    tags = Image.Exif()
    tags[0x0112], tags[0x010E] = seed + 5, "perez, 41 years"
    return tags.tobytes()


def photo(mode: str, side: int, seed: int = 0) -> Image.Image:
    bands = len(Image.new(mode, (1, 1)).getbands())
    rough = np.random.default_rng(seed).integers(0, 256, (5, 6, bands), dtype=np.uint8)
    layers = [
        Image.fromarray(rough[:, :, band]).resize((side, max(1, side * 3 // 4)))
        for band in range(bands)
    ]
    return layers[0] if bands == 1 else Image.merge(mode, layers)


@cache
def png(depth: int, colour: int, samples: int, side: int, is_interlaced: bool, seed: int) -> bytes:
    chance = random.Random(seed)  # noqa: S311
    header = struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, is_interlaced)
    lines = rows(chance, side, side, depth * samples, is_interlaced=is_interlaced)
    palette = chunk(b"PLTE", chance.randbytes(3 << depth)) if colour == 3 else b""
    clear = chunk(b"tRNS", bytes({0: 2, 2: 6, 3: 2}[colour])) if colour in (0, 2, 3) else b""
    pixels = chunk(b"IDAT", zlib.compress(lines))
    return SIGNATURE + chunk(b"IHDR", header) + palette + clear + pixels + chunk(b"IEND")


def rows(
    chance: random.Random, width: int, height: int, bits: int, *, is_interlaced: bool = False
) -> bytes:
    """Of noise, under every filter; ``bits`` are those of a pixel."""
    lines = []
    for x, y, across, down in ADAM7 if is_interlaced else ((0, 0, 1, 1),):
        columns, count = -(-(width - x) // across), -(-(height - y) // down)
        if columns > 0:
            n_bytes = -(-columns * bits // 8)
            lines += [
                bytes((chance.randrange(5),)) + chance.randbytes(n_bytes) for _ in range(count)
            ]
    return b"".join(lines)

"""A walk over the chunks of a WebP (RFC 9649)."""

from __future__ import annotations

import struct
from typing import NoReturn

from vistazo.errors import (
    BrokenRule,
    CorruptImageError,
    RejectedUploadError,
    UnsupportedFormatError,
)
from vistazo.pictures.container.orientation import exif_orientation
from vistazo.pictures.container.stripped import Stripped

_LEAD = struct.Struct("<4sI")  # name, and size of the content; which is padded to an even one
_FILE_LEAD_BYTES = 12
_MAX_CHUNKS = 1000
_MAX_EXIF_BYTES = 65_536
_ALPHA, _ANIMATED = 0x10, 0x02
_VP8_START, _VP8L_START = b"\x9d\x01\x2a", 0x2F
_SIDE = 0x3FFF
# Pillow's decoder holds two canvases of four bytes a pixel, then a copy of one, and a byte more as
# measured; then its own picture, which ``raster`` counts. Lossless pixels, and opacity, take more
# while they are decoded.
_HELD_A_PIXEL = {b"VP8 ": 13, b"VP8L": 14}
_ALPHA_HELD_A_PIXEL = 2
_MORE_FILES_HELD = 2
_WORK_A_PIXEL = 4  # in bytes of a PNG's pixels


def strip_webp(data: bytes) -> Stripped:
    """Keep the pixels of a still WebP, and their opacity; ``data`` begins with RIFF and WEBP.

    Raises CorruptImageError, UnsupportedFormatError for an animation, and RejectedUploadError where
    it breaks the rule ``max_chunks``.
    """
    chunks, orientation = _chunks(data)
    pixels = next((name for name in _HELD_A_PIXEL if name in chunks), None)
    if pixels is None:
        _damaged("it has no pixels")
    size = _size(chunks[pixels], is_lossless=pixels == b"VP8L")
    opacity = chunks.get(b"ALPH") if pixels == b"VP8 " and b"VP8X" in chunks else None
    parts = [_chunk(pixels, chunks[pixels])]
    held = _HELD_A_PIXEL[pixels]
    if opacity is not None:
        canvas = b"".join((side - 1).to_bytes(3, "little") for side in size)
        extended = memoryview(bytes((_ALPHA, 0, 0, 0)) + canvas)
        parts = [_chunk(b"VP8X", extended), _chunk(b"ALPH", opacity), *parts]
        held += _ALPHA_HELD_A_PIXEL
    joined = [piece for part in parts for piece in part]
    n_bytes = sum(map(len, joined))
    head = struct.pack("<4sI4s", b"RIFF", 4 + n_bytes, b"WEBP")
    n_pixels = size[0] * size[1]
    return Stripped(
        (memoryview(head), *joined),
        orientation,
        held * n_pixels + _MORE_FILES_HELD * n_bytes,
        _WORK_A_PIXEL * n_pixels,
        is_read_whole=True,
    )


def _chunks(data: bytes) -> tuple[dict[bytes, memoryview], int]:
    """The first of each that has to do with the pixels, and how EXIF says to turn them."""
    view, found, orientation = memoryview(data), dict[bytes, memoryview](), None
    (size,) = struct.unpack_from("<I", data, 4)
    at, end = _FILE_LEAD_BYTES, min(len(data), 8 + size)
    for _ in range(_MAX_CHUNKS):
        if at + _LEAD.size > end:
            return found, orientation or 1
        name, n_bytes = _LEAD.unpack_from(data, at)
        content = view[at + _LEAD.size : at + _LEAD.size + n_bytes]
        if len(content) < n_bytes:
            raise CorruptImageError("The WebP is cut short.")
        is_marked = name == b"VP8X" and n_bytes > 0 and content[0] & _ANIMATED
        if is_marked or name in (b"ANIM", b"ANMF"):
            raise UnsupportedFormatError("This is an animated WebP; send a still picture.")
        if name == b"EXIF" and orientation is None:
            orientation = exif_orientation(bytes(content[:_MAX_EXIF_BYTES]))
        if name in (b"VP8X", b"ALPH", *_HELD_A_PIXEL) and name not in found:
            found[name] = content
        at += _LEAD.size + n_bytes + n_bytes % 2
    detail = f"The WebP has more than {_MAX_CHUNKS} chunks. Save it anew with another program."
    raise RejectedUploadError([BrokenRule("max_chunks", detail)])


def _size(pixels: memoryview, *, is_lossless: bool) -> tuple[int, int]:
    """Width and height, from the head of the pixels themselves (RFC 6386, 9.1; RFC 9649, 3.4)."""
    if len(pixels) < 10:
        _damaged("its pixels are cut short")
    if is_lossless:
        if pixels[0] != _VP8L_START or pixels[4] >> 5:
            _damaged("its pixels do not begin as they must")
        bits = int.from_bytes(pixels[1:5], "little")
        return (bits & _SIDE) + 1, (bits >> 14 & _SIDE) + 1
    if pixels[0] & 1 or bytes(pixels[3:6]) != _VP8_START:
        _damaged("its pixels do not begin as they must")
    width, height = (side & _SIDE for side in struct.unpack_from("<HH", pixels, 6))
    if not width or not height:
        _damaged("it has no width or no height")
    return width, height


def _chunk(name: bytes, content: memoryview) -> tuple[memoryview, ...]:
    padding = memoryview(bytes(len(content) % 2))
    return memoryview(_LEAD.pack(name, len(content))), content, padding


def _damaged(how: str) -> NoReturn:
    raise CorruptImageError(f"The WebP is damaged: {how}.")

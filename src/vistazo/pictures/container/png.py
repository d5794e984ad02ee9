"""A walk over the chunks of a PNG (ISO/IEC 15948)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from vistazo.errors import BrokenRule, CorruptImageError, RejectedUploadError
from vistazo.pictures.container.header import PngHeader
from vistazo.pictures.container.orientation import exif_orientation
from vistazo.pictures.container.stripped import Stripped

# Encoders put 8 kB of pixels or more into a chunk, the smallest ones a row of the picture.
_MAX_CHUNKS = 20_000
_MAX_EXIF_BYTES = 65_536
# Compressed pixels are hardly more than themselves; what is more may be codes for nothing.
_MOST_TIMES, _MOST_MORE_BYTES = 2, 500_000
_SIGNATURE_BYTES = 8
_LEAD = struct.Struct(">I4s")  # size of the content, and name; behind the content a checksum
_CHECKSUM = struct.Struct(">I")
_AROUND = _LEAD.size + _CHECKSUM.size
# What comes once, before the pixels: the least and the most bytes of it.
_ONCE = {b"IHDR": (13, 13), b"PLTE": (3, 3 * 256), b"tRNS": (1, 256)}
_END = b"\0\0\0\0IEND\xaeB`\x82"


@dataclass(frozen=True)
class _Chunk:
    """``start`` and ``end`` in the file are those of the whole chunk."""

    name: bytes
    start: int
    end: int


def strip_png(data: bytes) -> Stripped:
    """Keep header, palette, transparency and pixels of a PNG; ``data`` begins with its signature.

    Raises CorruptImageError where its structure is damaged, and RejectedUploadError where it breaks
    the rule ``max_chunks``.
    """
    kept = _Kept(data)
    for chunk in _chunks(data):
        kept.take(chunk)
    return kept.stripped()


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """What follows the end is no part of the picture. A missing end is left to the decoder."""
    at, last = _SIGNATURE_BYTES, len(data) - _AROUND
    for _ in range(_MAX_CHUNKS):
        if at > last:
            return
        size, name = _LEAD.unpack_from(data, at)
        end = at + _AROUND + size
        if not name.isalpha():
            raise CorruptImageError("The PNG is damaged: a chunk has no valid name.")
        if end > len(data):
            raise CorruptImageError("The PNG is cut short.")
        yield _Chunk(name, at, end)
        if name == b"IEND":
            return
        at = end
    detail = f"The PNG has more than {_MAX_CHUNKS} chunks. Save it anew with another program."
    raise RejectedUploadError([BrokenRule("max_chunks", detail)])


class _Kept:
    def __init__(self, data: bytes) -> None:
        self._view = memoryview(data)
        self._head: dict[bytes, memoryview] = {}
        self._pixels: tuple[int, int] | None = None  # where they start and end in the file
        self._orientation: int | None = None

    def take(self, chunk: _Chunk) -> None:
        if not self._head and chunk.name != b"IHDR":
            raise CorruptImageError("The PNG is damaged: it does not begin with its header.")
        if chunk.name == b"IDAT":
            self._take_pixels(chunk)
        elif chunk.name in _ONCE and self._pixels is None:
            self._take_once(chunk)
        elif chunk.name == b"eXIf" and self._orientation is None:
            start = chunk.start + _LEAD.size
            content = self._view[start : min(chunk.end, start + _MAX_EXIF_BYTES)]
            self._orientation = exif_orientation(bytes(content))

    def _take_once(self, chunk: _Chunk) -> None:
        least, most = _ONCE[chunk.name]
        fits = least <= chunk.end - chunk.start - _AROUND <= most
        if chunk.name in self._head or not fits:
            raise CorruptImageError(f"The PNG is damaged in its {chunk.name.decode()} chunk.")
        self._head[chunk.name] = self._checked(chunk)

    def _take_pixels(self, chunk: _Chunk) -> None:
        self._checked(chunk)
        start, end = self._pixels or (chunk.start, chunk.start)
        if end != chunk.start:
            raise CorruptImageError("The PNG is damaged: something lies between its pixels.")
        self._pixels = start, chunk.end

    def _checked(self, chunk: _Chunk) -> memoryview:
        whole = self._view[chunk.start : chunk.end]
        (check,) = _CHECKSUM.unpack(whole[-_CHECKSUM.size :])
        if zlib.crc32(whole[4 : -_CHECKSUM.size]) != check:
            raise CorruptImageError(
                f"The PNG is damaged in its {chunk.name.decode()} chunk: its checksum is wrong."
            )
        return whole

    def stripped(self) -> Stripped:
        if self._pixels is None:
            raise CorruptImageError("The PNG is damaged or cut short: it has no pixels.")
        signature, pixels = self._view[:_SIGNATURE_BYTES], self._view[slice(*self._pixels)]
        parts = (signature, *self._head.values(), pixels, memoryview(_END))
        header = PngHeader.read(self._head[b"IHDR"][_LEAD.size : -_CHECKSUM.size])
        if len(pixels) > _MOST_TIMES * header.filtered_bytes + _MOST_MORE_BYTES:
            raise CorruptImageError("The PNG is damaged: it has more data than pixels.")
        return Stripped(parts, self._orientation or 1, work=header.filtered_bytes)

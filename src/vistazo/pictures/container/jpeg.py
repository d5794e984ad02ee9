"""A walk over the segments of a JPEG (ITU-T T.81)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from vistazo.errors import (
    BrokenRule,
    CorruptImageError,
    RejectedUploadError,
    UnsupportedFormatError,
)
from vistazo.pictures.container.frame import Frame
from vistazo.pictures.container.orientation import EXIF_MARK, exif_orientation
from vistazo.pictures.container.scans import Scans
from vistazo.pictures.container.stripped import Stripped

# A segment holds up to 64 kB, so even 10 MB of metadata are 160 of them; a profile has up to 255.
_MAX_SEGMENTS = 1000
# Between segments (and the 0xFF that may stand before any mark). Some cameras align theirs.
_MAX_FILL_BYTES = 4096

# Of a byte of coefficients, in that of a byte of PNG pixels. Of many scans it is 4 to 6 ns: they go
# through memory, whose speed others on the machine share. And a third more, to be safe.
_BASELINE_WORK, _HELD_WORK = 0.2, 1.2

_SOI, _EOI, _SOS, _DQT, _DHT, _DRI, _TEM = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0x01
_APP0, _APP1, _APP14 = 0xE0, 0xE1, 0xEE
_RESTARTS, _RESTART_BITS = range(0xD0, 0xD8), 0xF8
_FF = 0xFF
_ALONE = (_TEM, _SOI, _EOI, *_RESTARTS)  # without a length and a content
_PROGRESSIVE, _BITS = 0xC2, 8
_FRAMES = (0xC0, 0xC1, _PROGRESSIVE)  # baseline, extended sequential
_FOREIGN_FRAMES = {
    **dict.fromkeys((0xC3, 0xC5, 0xC6, 0xC7, 0xDE, 0xDF), "lossless or hierarchical"),
    **dict.fromkeys((0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF), "arithmetic-coded"),
}
_RESERVED = (*range(0x02, 0xC0), 0xC8, *range(0xF0, 0xFE))
# The most bytes that tables can have: four of quantization at 16 bits, eight of Huffman codes.
_MAX_TABLE_BYTES = {_DQT: 2 + 4 * 129, _DHT: 2 + 8 * (17 + 256), _DRI: 4}

_MARK = re.compile(rb"\xff[^\x00\xff]")
# Pixels are looked through so many bytes at a time, in a third of the time that a pattern takes.
_LOOKED_AT_BYTES = 65_536


@dataclass(frozen=True)
class Segment:
    """From ``start``, where its mark is in the file, to ``end``. With a scan, its pixels follow up
    to ``pixels_end``.
    """

    mark: int
    start: int
    end: int
    pixels_end: int


def strip_jpeg(data: bytes) -> Stripped:
    """Keep frame, tables, scans and colour space of the first picture in a JPEG.

    ``data`` begins with SOI. Raises CorruptImageError where its structure is damaged,
    UnsupportedFormatError for a rare kind of JPEG, and RejectedUploadError where it breaks one of
    the rules ``max_segments``, ``max_scans`` and ``max_fill_bytes``.
    """
    kept = _Kept(data)
    for segment in segments(data):
        kept.take(segment)
    return kept.stripped()


def segments(data: bytes | memoryview) -> Iterator[Segment]:
    """What follows the end of the picture is no part of it: phones put more pictures and videos
    there. A missing end is left to the decoder.
    """
    at, fill = 2, 0
    for _ in range(_MAX_SEGMENTS):
        mark = _MARK.search(data, at, at + _MAX_FILL_BYTES + 2)
        fill += (mark.start() if mark else min(len(data), at + _MAX_FILL_BYTES + 1)) - at
        if fill > _MAX_FILL_BYTES:
            _reject_fill()
        if mark is None:
            return
        segment = _segment(data, mark.start())
        yield segment
        if segment.mark == _EOI:
            return
        at = segment.pixels_end
    _reject("max_segments", f"The JPEG has more than {_MAX_SEGMENTS} segments.")


def _segment(data: bytes | memoryview, start: int) -> Segment:
    mark = data[start + 1]
    if mark in _ALONE:
        return Segment(mark, start, start + 2, start + 2)
    if start + 4 > len(data):
        raise CorruptImageError("The JPEG is cut short.")
    size = int.from_bytes(data[start + 2 : start + 4])
    end = start + 2 + size
    if size < 2:
        raise CorruptImageError("The JPEG is damaged: a segment has no valid size.")
    if end > len(data):
        raise CorruptImageError("The JPEG is cut short.")
    return Segment(mark, start, end, _end_of_pixels(data, end) if mark == _SOS else end)


def _end_of_pixels(data: bytes | memoryview, start: int) -> int:
    """Where the next mark is that does not belong to pixels: neither a zero after their 0xFF, nor
    a restart, nor fill.
    """
    fill = 0
    for at in range(start, len(data), _LOOKED_AT_BYTES):
        part = np.frombuffer(data, np.uint8, min(_LOOKED_AT_BYTES + 1, len(data) - at), at)
        marks = np.flatnonzero(part[:-1] == _FF)
        kinds = part[1:][marks]
        is_end = (kinds != 0) & (kinds != _FF) & (kinds & _RESTART_BITS != _RESTARTS[0])
        first = int(is_end.argmax()) if is_end.any() else len(marks)
        fill += int((kinds[:first] == _FF).sum())
        # libjpeg reads a run of fill again from its beginning with every 64 kB that arrive.
        if fill > _MAX_FILL_BYTES:
            _reject_fill()
        if first < len(marks):
            return at + int(marks[first])
    return len(data)


class _Kept:
    def __init__(self, data: bytes) -> None:
        self._data, self._view = data, memoryview(data)
        self._parts = [self._view[:2]]
        self._orientation: int | None = None
        self._frame: Frame | None = None
        self._scans: Scans | None = None

    def take(self, segment: Segment) -> None:
        mark = segment.mark
        _check_mark(mark)
        if mark in _FRAMES:
            self._take_frame(segment)
        elif mark == _SOS:
            self._take_scan(segment)
        elif mark in _MAX_TABLE_BYTES:
            self._take_table(segment)
        elif mark == _EOI:
            self._keep(segment)
        elif self._scans is None or not self._scans.count:
            self._take_application(segment)

    def _take_frame(self, segment: Segment) -> None:
        if self._frame is not None:
            raise CorruptImageError("The JPEG is damaged: it has several frame headers.")
        self._frame = Frame.read(self._content(segment))
        if self._frame.bits != _BITS:
            _refuse_kind(f"{self._frame.bits}-bit")
        self._scans = Scans(len(self._frame.samplings), segment.mark == _PROGRESSIVE)
        self._keep(segment)

    def _take_scan(self, segment: Segment) -> None:
        if self._scans is None:
            raise CorruptImageError("The JPEG is damaged: it has no frame header.")
        self._scans.add(self._content(segment))
        self._keep(segment)

    def _take_table(self, segment: Segment) -> None:
        if segment.end - segment.start - 2 > _MAX_TABLE_BYTES[segment.mark]:
            raise CorruptImageError("The JPEG is damaged: a table is larger than any can be.")
        self._keep(segment)

    def _take_application(self, segment: Segment) -> None:
        """Keep what says which colours the components are, without the thumbnail in JFIF."""
        content = self._content(segment)
        if segment.mark == _APP0 and content.startswith(b"JFIF\0") and len(content) >= 14:
            self._parts.append(_written(_APP0, content[:12] + b"\0\0"))
        elif segment.mark == _APP14 and content.startswith(b"Adobe") and len(content) >= 12:
            self._parts.append(_written(_APP14, content[:12]))
        elif segment.mark == _APP1 and content.startswith(EXIF_MARK) and self._orientation is None:
            self._orientation = exif_orientation(content)

    def _content(self, segment: Segment) -> bytes:
        return self._data[segment.start + 4 : segment.end]

    def _keep(self, segment: Segment) -> None:
        self._parts.append(self._view[segment.start : segment.pixels_end])

    def stripped(self) -> Stripped:
        if self._frame is None or self._scans is None or not self._scans.count:
            raise CorruptImageError("The JPEG is damaged or cut short: it has no pixels.")
        n_bytes = self._frame.coefficient_bytes
        if not self._scans.are_several:
            work = int(_BASELINE_WORK * n_bytes)
            return Stripped(tuple(self._parts), self._orientation or 1, work=work)
        work = int(_HELD_WORK * n_bytes)
        return Stripped(tuple(self._parts), self._orientation or 1, n_bytes, work)


def _check_mark(mark: int) -> None:
    if mark == _SOI:
        raise CorruptImageError("The JPEG is damaged: a second one begins within it.")
    if mark in _RESERVED:
        raise CorruptImageError(f"The JPEG is damaged: it has an unknown segment, {mark:02X}.")
    if mark in _FOREIGN_FRAMES:
        _refuse_kind(_FOREIGN_FRAMES[mark])


def _written(mark: int, content: bytes) -> memoryview:
    return memoryview(struct.pack(">BBH", 0xFF, mark, 2 + len(content)) + content)


def _refuse_kind(kind: str) -> NoReturn:
    raise UnsupportedFormatError(
        f"This is a JPEG of a rare kind ({kind}); send a baseline or progressive one of 8 bits."
    )


def _reject(rule: str, detail: str) -> NoReturn:
    raise RejectedUploadError([BrokenRule(rule, f"{detail} Save it anew with another program.")])


def _reject_fill() -> NoReturn:
    _reject("max_fill_bytes", f"The JPEG has more than {_MAX_FILL_BYTES} bytes that mean nothing.")

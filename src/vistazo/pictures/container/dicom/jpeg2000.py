"""The headers of JPEG 2000 (ISO/IEC 15444-1, annex A; 15444-15): what its decoder would hold.

A stream of a hundred bytes can ask for millions of tiles, precincts, code blocks and layers, and
OpenJPEG makes room for all of them before it reads one.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from vistazo.errors import BrokenRule, RejectedUploadError
from vistazo.pictures.container.dicom.elements import damaged
from vistazo.pictures.container.dicom.size import Size

_START = b"\xff\x4f\xff\x51"  # SOC, and SIZ at once
_SIZ, _COD, _COC, _SOT, _SOD, _EOC = 0xFF51, 0xFF52, 0xFF53, 0xFF90, 0xFF93, 0xFFD9
# Packed packet headers, other orders of progression: nobody writes them, and they cost.
_RARE = (0xFF5F, 0xFF60, 0xFF61)
_MOST_BOX_BYTES = 65_536
_FIELDS = struct.Struct(">HIIIIIIIIH")
_PART = struct.Struct(">HHHIBB")
_MOST_LEVELS, _LARGEST_EXPONENT, _MOST_BLOCK_EXPONENTS = 32, 10, 12
_USUAL_PRECINCT = 15
_MAX_TILES, _MAX_PRECINCTS, _MAX_PACKETS, _MAX_MARKERS = 2_000, 50_000, 1_000_000, 20_000
_MAX_CODINGS, _MOST_CONTENT_BYTES = 16, 256
# Encoders write blocks of 64 x 64 or 32 x 32 pixels.
_PIXELS_A_BLOCK, _FREE_BLOCKS = 512, 10_000


@dataclass(frozen=True)
class _Tiling:
    """How many there are, and how large each is at most. ``is_aligned``: none begins within a
    block, as their sides are powers of two.
    """

    count: int
    width: int
    height: int
    is_aligned: bool


@dataclass(frozen=True)
class _Coding:
    """Exponents of two: of a block, across and down, and of the precincts of each resolution."""

    levels: int
    block: tuple[int, int]
    precincts: tuple[tuple[int, int], ...]

    @staticmethod
    def read(content: bytes, *, has_precincts: bool) -> _Coding:
        """From the number of levels on."""
        if len(content) < 5:
            damaged("its JPEG 2000 is cut short")
        levels, across, down = content[0], content[1] + 2, content[2] + 2
        if levels > _MOST_LEVELS or max(across, down) > _LARGEST_EXPONENT:
            damaged("its JPEG 2000 is coded as none can be")
        if across + down > _MOST_BLOCK_EXPONENTS:
            damaged("its JPEG 2000 is coded as none can be")
        both = content[5 : 6 + levels] if has_precincts else b""
        precincts = tuple((byte & 15, byte >> 4) for byte in both)
        if has_precincts and len(precincts) != levels + 1:
            damaged("its JPEG 2000 is cut short")
        usual = ((_USUAL_PRECINCT, _USUAL_PRECINCT),) * (levels + 1)
        return _Coding(levels, (across, down), precincts or usual)

    def parts(self, tiling: _Tiling) -> tuple[int, int]:
        """Precincts and code blocks of one component of a tile, at most."""
        more = 0 if tiling.is_aligned else 1  # where a tile begins within one
        precincts = blocks = 0
        for resolution, (across, down) in enumerate(self.precincts):
            shrunk = self.levels - resolution
            columns, rows = _halved(tiling.width, shrunk), _halved(tiling.height, shrunk)
            precincts += (more + _halved(columns, across)) * (more + _halved(rows, down))
            inner = 0 if resolution == 0 else 1  # a precinct covers three bands of half its size
            block_across = max(0, min(self.block[0], across - inner))
            block_down = max(0, min(self.block[1], down - inner))
            bands = (more + _halved(columns, inner + block_across)) * (
                more + _halved(rows, inner + block_down)
            )
            blocks += bands * (3 if inner else 1)
        return precincts, blocks


def without_boxes(data: memoryview) -> memoryview:
    """The codestream, where it stands in a JP2, which is not allowed: PS3.5, 8.2.4.

    Raises CorruptImageError.
    """
    at = bytes(data[:_MOST_BOX_BYTES]).find(_START)
    if at < 0:
        damaged("its pixels are no JPEG 2000, as it says they are")
    return data[at:]


def jpeg_2000_size(data: memoryview) -> Size:
    """``data`` is a codestream, from its start. Raises CorruptImageError, and RejectedUploadError
    where it breaks the rule ``max_parts``.
    """
    size, tiling = None, _Tiling(0, 0, 0, is_aligned=False)
    coding: set[_Coding] = set()
    layers = 0
    for marker, content in _headers(data):
        if marker == _SIZ and size is None:
            size, tiling = _read_size(content)
        elif marker == _COD:
            layers = max(layers, int.from_bytes(content[2:4]))
            has_precincts = bool(content[:1]) and bool(content[0] & 1)
            coding.add(_Coding.read(content[5:], has_precincts=has_precincts))
        elif marker == _COC:
            has_precincts = bool(content[1:2]) and bool(content[1] & 1)
            coding.add(_Coding.read(content[2:], has_precincts=has_precincts))
        elif marker in _RARE:
            _reject("is coded in a rare way")
        if len(coding) > _MAX_CODINGS:
            _reject("is coded otherwise from tile to tile")
    if size is None or not layers:
        damaged("its JPEG 2000 does not say how it is coded")
    _check_parts(size, tiling, coding, layers)
    return size


def _check_parts(size: Size, tiling: _Tiling, coding: set[_Coding], layers: int) -> None:
    if tiling.count > _MAX_TILES:
        _reject(f"has more than {_MAX_TILES} tiles")
    counts = [each.parts(tiling) for each in coding]
    of_all = tiling.count * size.samples
    precincts, blocks = (of_all * max(side) for side in zip(*counts, strict=True))
    if precincts > _MAX_PRECINCTS or precincts * layers > _MAX_PACKETS:
        _reject("has more precincts and layers than pictures have")
    if blocks > _FREE_BLOCKS + size.width * size.height * size.samples // _PIXELS_A_BLOCK:
        _reject("has smaller code blocks than pictures have")


def _headers(data: memoryview) -> Iterator[tuple[int, bytes]]:
    """The markers of its main header, and of those of its tile parts, which may say otherwise."""
    at, part_end = 2, 0
    for _ in range(_MAX_MARKERS):
        marker = int.from_bytes(data[at : at + 2])
        if marker == _SOD and part_end > at:  # behind the pixels of a part
            at = part_end
            continue
        length = int.from_bytes(data[at + 2 : at + 4])
        if marker == _EOC or marker < 0xFF00 or length < 2 or at + 2 + length > len(data):
            return
        content = bytes(data[at + 4 : at + 2 + min(length, _MOST_CONTENT_BYTES)])
        if marker == _SOT:
            part_end = _end_of_part(content, at, len(data))
        yield marker, content
        at += 2 + length
    _reject("has more parts than pictures have")


def _end_of_part(content: bytes, at: int, end: int) -> int:
    """0 means: up to the end."""
    length = int.from_bytes(content[2:6]) if len(content) >= 6 else 0
    return min(at + max(length, 14), end) if length else end


def _read_size(content: bytes) -> tuple[Size, _Tiling]:
    if len(content) < _FIELDS.size + 3:
        damaged("its JPEG 2000 is cut short")
    _, right, bottom, left, top, wide, high, tiles_left, tiles_top, samples = _FIELDS.unpack_from(
        content
    )
    components = content[_FIELDS.size : _FIELDS.size + 3 * samples]
    depths, steps = components[::3], {*components[1::3], *components[2::3]}
    if len(components) != 3 * samples or steps != {1} or len(set(depths)) != 1:
        damaged("its JPEG 2000 has components of several sizes")
    if not (tiles_left <= left < right and tiles_top <= top < bottom and wide and high):
        damaged("its JPEG 2000 has no picture")
    columns = math.ceil((right - tiles_left) / wide) - (left - tiles_left) // wide
    rows = math.ceil((bottom - tiles_top) / high) - (top - tiles_top) // high
    size = Size(right - left, bottom - top, samples, (depths[0] & 0x7F) + 1)
    is_aligned = not (tiles_left or tiles_top or wide & (wide - 1) or high & (high - 1))
    tile = min(wide, size.width), min(high, size.height)
    return size, _Tiling(columns * rows, *tile, is_aligned=is_aligned)


def _halved(side: int, times: int) -> int:
    return -(-side >> times)


def _reject(how: str) -> NoReturn:
    detail = f"The JPEG 2000 in the DICOM file {how}. Send it without compression, or save it anew."
    raise RejectedUploadError([BrokenRule("max_parts", detail)])

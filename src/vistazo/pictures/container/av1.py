"""The sequence header of a still picture of AV1 (AV1 Bitstream, 5.3 to 5.5): what it costs.

Only pictures with a "reduced still picture header" are read. Such a stream has one frame, whose
size stands in the sequence header; any other may hold many frames, each of another size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from vistazo.errors import UnsupportedFormatError
from vistazo.pictures.container.boxes import damaged

_SEQUENCE, _DELIMITER, _FRAME_HEADER, _TILES, _METADATA, _FRAME, _PADDING = 1, 2, 3, 4, 5, 6, 15
_MEANINGLESS = (_DELIMITER, _METADATA, _PADDING)
_MAX_UNITS = 5000  # a frame has at most 4096 tiles
_MAX_LEB128_BYTES = 5
_IDENTITY, _SRGB, _BT709 = 0, 13, 1
_USUAL_BITS, _MOST_BITS = 8, 12


@dataclass(frozen=True)
class Colours:
    """How samples are stored (5.5.2). ``across``, ``down``: 1 where colours have half of them."""

    bits: int
    is_grey: bool
    across: int
    down: int
    place: int

    @property
    def samples_a_pixel(self) -> float:
        return 1 if self.is_grey else 1 + 2 / ((1 + self.across) * (1 + self.down))


@dataclass(frozen=True)
class Sequence:
    profile: int
    level: int
    width: int
    height: int
    colours: Colours
    has_grain: bool

    @property
    def frame_bytes(self) -> int:
        """Of a decoded frame; its sides are made whole blocks of up to 128 pixels."""
        width, height = (-(-side // 128) * 128 for side in (self.width, self.height))
        sample_bytes = 1 if self.colours.bits == _USUAL_BITS else 2
        return int(width * height * self.colours.samples_a_pixel * sample_bytes)

    @property
    def configuration(self) -> bytes:
        """The content of an ``av1C`` box (AV1 in ISO Base Media File Format, 2.3.3)."""
        colours = self.colours
        flags = (colours.bits > _USUAL_BITS) << 6 | (colours.bits == _MOST_BITS) << 5
        flags |= colours.is_grey << 4 | colours.across << 3 | colours.down << 2 | colours.place
        return bytes((0x81, self.profile << 5 | self.level, flags, 0))


@dataclass(frozen=True)
class _Unit:
    """An open bitstream unit, without the size in its header."""

    kind: int
    content: memoryview

    def whole(self) -> list[memoryview]:
        size, written = len(self.content), bytearray()
        while True:  # leb128: seven bits a byte, the last one without the eighth
            written.append(size & 127 | (128 if size > 127 else 0))
            size >>= 7
            if not size:
                break
        return [memoryview(bytes((self.kind << 3 | 2,)) + bytes(written)), self.content]


def read_still(data: memoryview) -> tuple[Sequence, list[memoryview]]:
    """The sequence, and the parts of the stream that decoding needs.

    Raises CorruptImageError, and UnsupportedFormatError for what is more than one still frame.
    """
    sequence, frames, kept = None, 0, list[memoryview]()
    for unit in _units(data):
        if unit.kind in _MEANINGLESS:
            continue
        if unit.kind == _SEQUENCE and sequence is None:
            sequence = _sequence(unit.content)
        elif sequence is None or unit.kind not in (_FRAME, _FRAME_HEADER, _TILES):
            _refuse()
        elif unit.kind != _TILES:
            frames += 1
        kept += unit.whole()
    if sequence is None or not frames:
        damaged("it has no pixels")
    if frames > 1:
        _refuse()
    return sequence, kept


def _units(data: memoryview) -> Iterator[_Unit]:
    at = 0
    for _ in range(_MAX_UNITS):
        if at == len(data):
            return
        head = data[at]
        at += 1
        if head & 0x84 or not head & 2:  # reserved, an extension for layers, or without a size
            _refuse()
        size, at = _leb128(data, at)
        if size > len(data) - at:
            damaged("it is cut short")
        yield _Unit(head >> 3, data[at : at + size])
        at += size
    _refuse()


def _leb128(data: memoryview, at: int) -> tuple[int, int]:
    """A number, and where what follows it begins."""
    piece = bytes(data[at : at + _MAX_LEB128_BYTES])
    length = next((n for n, byte in enumerate(piece, 1) if not byte & 128), None)
    if length is None:
        damaged("a size in it is damaged")
    number = sum((byte & 127) << 7 * n for n, byte in enumerate(piece[:length]))
    return number, at + length


class _Bits:
    def __init__(self, data: memoryview) -> None:
        self._number = int.from_bytes(data[:64])
        self._left = 8 * len(data[:64])

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            damaged("its sequence header is cut short")
        return self._number >> self._left & (1 << count) - 1


def _sequence(content: memoryview) -> Sequence:
    bits = _Bits(content)
    profile = bits.take(3)
    if bits.take(2) != 3 or profile > 2:  # a still picture, with a reduced header
        _refuse()
    level = bits.take(5)
    for_width, for_height = bits.take(4) + 1, bits.take(4) + 1
    width, height = bits.take(for_width) + 1, bits.take(for_height) + 1
    bits.take(6)  # tools: blocks of 128, filters of edges, superres, cdef, restoration
    colours = _colours(bits, profile)
    return Sequence(profile, level, width, height, colours, bool(bits.take(1)))


def _colours(bits: _Bits, profile: int) -> Colours:
    """And the bits up to where grain is spoken of."""
    depth = 10 if bits.take(1) else _USUAL_BITS
    if profile == 2 and depth > _USUAL_BITS and bits.take(1):
        depth = _MOST_BITS
    is_grey = bool(profile != 1 and bits.take(1))
    described = tuple(bits.take(8) for _ in range(3)) if bits.take(1) else ()
    across, down, place = (1, 1, 0) if is_grey else (0, 0, 0)
    if is_grey or described != (_BT709, _SRGB, _IDENTITY):
        bits.take(1)  # range
    if not is_grey and described != (_BT709, _SRGB, _IDENTITY):
        across, down = _subsampling(bits, profile, depth)
        place = bits.take(2) if across and down else 0
    if not is_grey:
        bits.take(1)  # whether the two colours are quantized by themselves
    return Colours(depth, is_grey, across, down, place)


def _subsampling(bits: _Bits, profile: int, depth: int) -> tuple[int, int]:
    if profile < 2:
        return (1, 1) if profile == 0 else (0, 0)
    if depth < _MOST_BITS:
        return 1, 0
    across = bits.take(1)
    return across, bits.take(1) if across else 0


def _refuse() -> NoReturn:
    raise UnsupportedFormatError(
        "This is an AVIF of a rare kind (more than one still frame); save it as JPEG or PNG."
    )

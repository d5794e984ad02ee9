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


@dataclass(frozen=True)
class Sequence:
    width: int
    height: int
    samples_a_pixel: float
    sample_bytes: int
    has_grain: bool

    @property
    def frame_bytes(self) -> int:
        """Of a decoded frame; its sides are made whole blocks of up to 128 pixels."""
        width, height = (-(-side // 128) * 128 for side in (self.width, self.height))
        return int(width * height * self.samples_a_pixel * self.sample_bytes)


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
    bits.take(5)  # level
    for_width, for_height = bits.take(4) + 1, bits.take(4) + 1
    width, height = bits.take(for_width) + 1, bits.take(for_height) + 1
    bits.take(6)  # tools: blocks of 128, filters of edges, superres, cdef, restoration
    is_deep = bits.take(1)
    is_twelve = bool(is_deep and profile == 2 and bits.take(1))
    samples = _samples_a_pixel(bits, profile, is_twelve=is_twelve)
    return Sequence(width, height, samples, 1 + is_deep, bool(bits.take(1)))


def _samples_a_pixel(bits: _Bits, profile: int, *, is_twelve: bool) -> float:
    """And the bits of the colours up to where grain is spoken of (5.5.2)."""
    is_grey = profile != 1 and bits.take(1)
    described = tuple(bits.take(8) for _ in range(3)) if bits.take(1) else ()
    if is_grey:
        bits.take(1)  # range
        return 1
    across, down = 0, 0
    if described != (_BT709, _SRGB, _IDENTITY):
        bits.take(1)  # range
        across, down = _subsampling(bits, profile, is_twelve=is_twelve)
    bits.take(2 if across and down else 0)  # where samples lie
    bits.take(1)  # whether the two colours are quantized by themselves
    return 1 + 2 / ((1 + across) * (1 + down))


def _subsampling(bits: _Bits, profile: int, *, is_twelve: bool) -> tuple[int, int]:
    if profile < 2:
        return (1, 1) if profile == 0 else (0, 0)
    if not is_twelve:
        return 1, 0
    across = bits.take(1)
    return across, bits.take(1) if across else 0


def _refuse() -> NoReturn:
    raise UnsupportedFormatError(
        "This is an AVIF of a rare kind (more than one still frame); save it as JPEG or PNG."
    )

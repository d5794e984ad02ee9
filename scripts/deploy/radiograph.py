"""An X-ray to send, made without any library: DICOM, in lossless JPEG of 12 bits.

Of the compressed kinds it is the one that hospitals have most of, and what decodes it is the only
library of the image of which more is left out than its tests.
"""

from __future__ import annotations

import math
import struct

LOSSLESS = "1.2.840.10008.1.2.4.70"
_COMPUTED_RADIOGRAPHY = "1.2.840.10008.5.1.4.1.1.1"
_BITS, _CATEGORIES = 12, 13


def drawn_radiograph(width: int = 320, height: int = 256) -> bytes:
    """Dark at its edges and bright in the middle, grey levels 0..4095."""
    across = [math.sin(math.pi * x / width) for x in range(width)]
    down = [math.sin(math.pi * y / height) for y in range(height)]
    rows = [[int(4095 * bright * each) for each in across] for bright in down]
    meta = _element(0x0002_0010, b"UI", LOSSLESS.encode())
    numbers = {
        0x0028_0002: 1, 0x0028_0010: height, 0x0028_0011: width, 0x0028_0100: 16,
        0x0028_0101: _BITS, 0x0028_0102: _BITS - 1, 0x0028_0103: 0,
    }  # fmt: skip
    elements = {
        0x0008_0016: (b"UI", _COMPUTED_RADIOGRAPHY.encode()),
        0x0008_0060: (b"CS", b"CR"),
        0x0018_5101: (b"CS", b"PA"),
        0x0028_0004: (b"CS", b"MONOCHROME2"),
        **{tag: (b"US", struct.pack("<H", value)) for tag, value in numbers.items()},
    }
    data_set = b"".join(_element(tag, *elements[tag]) for tag in sorted(elements))
    length = _element(0x0002_0000, b"UL", struct.pack("<I", len(meta)))
    return bytes(128) + b"DICM" + length + meta + data_set + _encapsulated(lossless_jpeg(rows))


def lossless_jpeg(rows: list[list[int]]) -> bytes:
    """ITU-T T.81 annex H, of first-order prediction; every code has four bits."""
    height, width = len(rows), len(rows[0])
    frame = struct.pack(">BHHBBBB", _BITS, height, width, 1, 1, 0x11, 0)
    lengths = bytes(_CATEGORIES if n == 3 else 0 for n in range(16))
    table = b"\0" + lengths + bytes(range(_CATEGORIES))
    bits = "".join(_code(difference) for difference in _differences(rows))
    bits += "1" * (-len(bits) % 8)
    coded = int(bits, 2).to_bytes(len(bits) // 8).replace(b"\xff", b"\xff\0")
    scan = bytes((1, 1, 0, 1, 0, 0))
    head = _segment(0xC3, frame) + _segment(0xC4, table) + _segment(0xDA, scan)
    return b"\xff\xd8" + head + coded + b"\xff\xd9"


def _differences(rows: list[list[int]]) -> list[int]:
    """To the pixel at the left; at the left edge, to the one above."""
    found = []
    for y, row in enumerate(rows):
        before = rows[y - 1][0] if y else 1 << (_BITS - 1)
        found += [value - left for value, left in zip(row, [before, *row], strict=False)]
    return found


def _code(difference: int) -> str:
    category = abs(difference).bit_length()
    extra = difference if difference > 0 else difference + (1 << category) - 1
    return f"{category:04b}" + (f"{extra:0{category}b}" if category else "")


def _segment(mark: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, mark, len(content) + 2) + content


def _encapsulated(frame: bytes) -> bytes:
    item = struct.Struct("<HHI")
    frame += b"\0" * (len(frame) % 2)
    head = struct.pack("<HH2s2xI", 0x7FE0, 0x0010, b"OB", 0xFFFF_FFFF) + item.pack(
        0xFFFE, 0xE000, 0
    )
    end = item.pack(0xFFFE, 0xE0DD, 0)
    return head + item.pack(0xFFFE, 0xE000, len(frame)) + frame + end


def _element(tag: int, vr: bytes, value: bytes) -> bytes:
    value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value

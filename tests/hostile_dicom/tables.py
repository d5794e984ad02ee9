"""Palettes, lookup tables and overlays that lie."""

from __future__ import annotations

import struct
from collections.abc import Callable

from dicom_files.raw import RawElement, item, numbers, text
from hostile_dicom.building import xray


def _lut_item(descriptor: tuple[int, int, int], data: bytes) -> bytes:
    inside = (
        numbers(0x0028_3002, *descriptor).coded() + RawElement(0x0028_3006, b"OW", data).coded()
    )
    return item(inside)


def _voi_lut(descriptor: tuple[int, int, int], data: bytes, count: int = 1) -> RawElement:
    return RawElement(0x0028_3010, b"SQ", _lut_item(descriptor, data) * count)


def _palette(descriptor: tuple[int, int, int], data: bytes, first_tag: int) -> list[RawElement]:
    found = [text(0x0028_0004, b"CS", "PALETTE COLOR")]
    for colour in range(3):
        found.append(numbers(0x0028_1101 + colour, *descriptor))
        found.append(RawElement(first_tag + colour, b"OW", data))
    return found


def _palette_bomb(n_bytes: int) -> list[RawElement]:
    """Each six bytes of a segment are 65,535 entries; in all as many as can be said."""
    linear = struct.pack("<HHH", 1, 65_535, 9)
    return _palette((0, 0, 16), b"\0\0\1\0\0\0" + linear * (n_bytes // 18), 0x0028_1221)


def _palette_again(n_bytes: int) -> list[RawElement]:
    """Indirect segments: each says all before it once more."""
    again = struct.pack("<HHHH", 2, 65_535, 0, 0)
    return _palette((0, 0, 16), b"\0\0\1\0\0\0" + again * (n_bytes // 24), 0x0028_1221)


ATTACKS: dict[str, Callable[[int], bytes]] = {
    "a palette of segments": lambda n: xray(*_palette_bomb(n), bits=8),
    "a palette of segments again": lambda n: xray(*_palette_again(n), bits=8),
    "a palette longer than it says": lambda n: xray(
        *_palette((256, 0, 8), bytes(n // 3 & ~1), 0x0028_1201)
    ),
    "a palette shorter than it says": lambda _: xray(*_palette((0, 0, 16), bytes(2), 0x0028_1201)),
    "lookup tables": lambda n: xray(
        _voi_lut((0, 0, 16), bytes(131_072), max(n // 131_100, 1)), bits=12
    ),
    "empty lookup tables": lambda n: xray(_voi_lut((0, 0, 16), b"", n // 34), bits=12),
    "a lookup table shorter than it says": lambda _: xray(_voi_lut((0, 0, 16), bytes(6)), bits=12),
    "a lookup table of more bits than there are": lambda _: xray(
        _voi_lut((4096, 0, 64), bytes(8192)), bits=12
    ),
    "overlays": lambda n: xray(
        *(
            RawElement(0x6000_3000 + (group << 17), b"OW", bytes(n // 16 & ~1))
            for group in range(16)
        ),
    ),
    "an overlay of 65,535 x 65,535": lambda n: xray(
        numbers(0x6000_0010, 65_535),
        numbers(0x6000_0011, 65_535),
        numbers(0x6000_0100, 1),
        RawElement(0x6000_3000, b"OW", bytes(n & ~1)),
    ),
}

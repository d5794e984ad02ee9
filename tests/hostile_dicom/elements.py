"""Too many elements, too deep, too long, or more than a file of their size can hold."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from dicom_files.raw import (
    ITEM,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED,
    RawElement,
    item,
    item_end,
    meta,
    numbers,
    part10,
    text,
)
from dicom_files.syntaxes import DEFLATED, EXPLICIT, IMPLICIT
from hostile_dicom.building import header, native_pixels, xray

_SEQUENCE, _PRIVATE = 0x0028_3010, 0x0029_1001


def _among(extra: bytes, syntax: str = EXPLICIT) -> bytes:
    """An X-ray with other bytes before what says how its pixels lie."""
    elements = list(header().values())
    before = b"".join(each.coded(syntax) for each in elements[:3])
    after = b"".join(each.coded(syntax) for each in [*elements[3:], native_pixels()])
    return bytes(128) + b"DICM" + meta(syntax) + before + extra + after


def _nested(n_bytes: int, *, is_ended: bool) -> bytes:
    begin = RawElement(_SEQUENCE, b"SQ", b"", UNDEFINED).coded() + item(b"", UNDEFINED)
    end = item_end() + item_end(SEQUENCE_END) if is_ended else b""
    depth = n_bytes // len(begin + end)
    return begin * depth + end * depth


def _nested_by_length(n_bytes: int) -> bytes:
    """Each level says how long it is: all that is within it."""
    depth, levels = n_bytes // 20, []
    for left in range(depth - 1, -1, -1):
        inside = left * 20
        levels.append(RawElement(_SEQUENCE, b"SQ", b"", inside + 8).coded() + item(b"", inside))
    return b"".join(levels)


def _deflated(body: bytes, times: int = 1) -> bytes:
    """``body`` so many times within one deflated data set."""
    packer = zlib.compressobj(9, wbits=-15)
    packed = [packer.compress(body) for _ in range(times)]
    return bytes(128) + b"DICM" + meta(DEFLATED) + b"".join(packed) + packer.flush()


def _bomb(n_bytes: int) -> bytes:
    """A thousand times as long as it says: a private element of zeros, before the picture."""
    size = min(n_bytes * 1000, 0xFFFF_FF00)
    begin = RawElement(0x0009_1001, b"OB", b"", size).coded()
    packer = zlib.compressobj(9, wbits=-15)
    packed = [packer.compress(begin)]
    packed += [packer.compress(bytes(1_000_000)) for _ in range(size // 1_000_000)]
    return bytes(128) + b"DICM" + meta(DEFLATED) + b"".join(packed) + packer.flush()


def _pixel_bomb(n_bytes: int) -> bytes:
    """65,535 x 65,535 zeros."""
    elements = header(rows=65_535, columns=65_535)
    size = min(n_bytes * 1000, 65_535 * 65_535 - 1)
    begin = b"".join(each.coded() for each in elements.values())
    begin += RawElement(PIXEL_DATA, b"OB", b"", size).coded()
    packer = zlib.compressobj(9, wbits=-15)
    packed = [packer.compress(begin)]
    packed += [packer.compress(bytes(1_000_000)) for _ in range(size // 1_000_000)]
    return bytes(128) + b"DICM" + meta(DEFLATED) + b"".join(packed) + packer.flush()


def _ds(n_bytes: int, value: bytes) -> bytes:
    """Text may be of any length in implicit VR."""
    center = RawElement(0x0028_1050, b"DS", (value * (n_bytes // len(value)))[: n_bytes & ~1])
    return xray(center, text(0x0028_1051, b"DS", "100"), syntax=IMPLICIT)


ATTACKS: dict[str, Callable[[int], bytes]] = {
    "empty elements": lambda n: _among(RawElement(_PRIVATE, b"CS", b"").coded() * (n // 8)),
    "empty elements in order": lambda n: _among(
        b"".join(struct.pack("<HH2sH", 0x0009, at & 0xFFFF, b"CS", 0) for at in range(n // 8))
    ),
    "sequences in sequences": lambda n: _among(_nested(n, is_ended=True)),
    "sequences in sequences without an end": lambda n: _among(_nested(n, is_ended=False)),
    "sequences in sequences, by their lengths": lambda n: _among(_nested_by_length(n)),
    "sequences in sequences, implicit": lambda n: _among(
        (RawElement(_SEQUENCE, b"SQ", b"", UNDEFINED).coded(IMPLICIT) + item(b"", UNDEFINED))
        * (n // 16),
        IMPLICIT,
    ),
    "empty items": lambda n: _among(RawElement(_SEQUENCE, b"SQ", item(b"") * (n // 8)).coded()),
    "empty items without a length": lambda n: _among(
        RawElement(
            _SEQUENCE, b"SQ", item(b"") * (n // 8) + item_end(SEQUENCE_END), UNDEFINED
        ).coded()
    ),
    "ends of items": lambda n: _among(
        RawElement(_SEQUENCE, b"SQ", item_end() * (n // 8), UNDEFINED).coded()
    ),
    "private elements": lambda n: _among(
        RawElement(_PRIVATE, b"UN", bytes(1000)).coded() * (n // 1012)
    ),
    "one private element": lambda n: _among(RawElement(_PRIVATE, b"UN", bytes(n)).coded()),
    "private element without a length": lambda n: _among(
        RawElement(_PRIVATE, b"UN", bytes(n), UNDEFINED).coded()
    ),
    "private element of sequences without a length": lambda n: _among(
        (RawElement(_PRIVATE, b"UN", b"", UNDEFINED).coded() + item(b"", UNDEFINED)) * (n // 20)
    ),
    "file meta of private elements": lambda n: (
        bytes(128)
        + b"DICM"
        + meta(EXPLICIT)
        + RawElement(0x0002_0102, b"OB", bytes(90)).coded() * (n // 102)
    ),
    "file meta that is longer than the file": lambda n: (
        bytes(128) + b"DICM" + numbers(0x0002_0000, 0xFFFF_FFF0, vr=b"UL").coded() + bytes(n)
    ),
    "nothing but the mark": lambda n: bytes(128) + b"DICM" + bytes(n),
    "a window of many digits": lambda n: _ds(n, b"1234567890"),
    "many windows": lambda n: _ds(n, b"1\\"),
    "many windows of nothing": lambda n: _ds(n, b"\\"),
    "character sets": lambda n: xray(
        RawElement(0x0008_0005, b"CS", b"ISO 2022 IR 13\\" * (n // 30) * 2), syntax=IMPLICIT
    ),
    "a patient of megabytes": lambda n: xray(
        RawElement(0x0010_0010, b"PN", b"A^\\" * (n // 6) * 2), syntax=IMPLICIT
    ),
    "ages of megabytes": lambda n: xray(
        RawElement(0x0010_1010, b"AS", b"004Y\\004M\\" * (n // 10)), syntax=IMPLICIT
    ),
    "orientations": lambda n: xray(
        RawElement(0x0020_0020, b"CS", b"L\\F\\" * (n // 4)), syntax=IMPLICIT
    ),
    "deflated zeros": _bomb,
    "deflated pixels": _pixel_bomb,
    "deflated elements": lambda n: _deflated(
        RawElement(0x0009_1001, b"CS", b"").coded() * 100_000, min(n // 700, 100)
    ),
    "deflated sequences": lambda n: _deflated(_nested(min(100 * n, 40_000_000), is_ended=False)),
    "pixels before everything": lambda _: part10([native_pixels(), *header().values()]),
    "pixels twice": lambda n: part10([*header().values(), *[native_pixels()] * max(n // 3100, 2)]),
    "an item at the top": lambda n: part10(
        [*header().values(), *[RawElement(ITEM, b"", b"")] * (n // 8), native_pixels()]
    ),
}

"""Elements as they lie in a file, so that anything at all can be written: PS3.5, 7.1."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dicom_files.syntaxes import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT

UNDEFINED = 0xFFFF_FFFF
PIXEL_DATA, ITEM, ITEM_END, SEQUENCE_END = 0x7FE0_0010, 0xFFFE_E000, 0xFFFE_E00D, 0xFFFE_E0DD
_LONG = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
_WORDS = {b"US": "H", b"SS": "h", b"OW": "H", b"UL": "I", b"SL": "i", b"FD": "d", b"AT": "H"}
_PREAMBLE = bytes(128) + b"DICM"


@dataclass(frozen=True)
class RawElement:
    """``value`` is little endian. ``length`` is what the file says it has; None says the truth."""

    tag: int
    vr: bytes
    value: bytes
    length: int | None = None

    def coded(self, syntax: str = EXPLICIT) -> bytes:
        order = ">" if syntax == BIG_ENDIAN else "<"
        value = self._swapped() if syntax == BIG_ENDIAN else self.value
        length = len(value) if self.length is None else self.length
        tag = struct.pack(f"{order}HH", self.tag >> 16, self.tag & 0xFFFF)
        if syntax == IMPLICIT or self.tag >> 16 == 0xFFFE:
            return tag + struct.pack(f"{order}I", length) + value
        if self.vr in _LONG:
            return tag + self.vr + struct.pack(f"{order}HI", 0, length) + value
        return tag + self.vr + struct.pack(f"{order}H", length & 0xFFFF) + value

    def _swapped(self) -> bytes:
        code = _WORDS.get(self.vr)
        if code is None or len(self.value) % struct.calcsize(code):
            return self.value
        words = struct.unpack(f"<{len(self.value) // struct.calcsize(code)}{code}", self.value)
        return struct.pack(f">{len(words)}{code}", *words)


def numbers(tag: int, *values: int, vr: bytes = b"US") -> RawElement:
    return RawElement(tag, vr, struct.pack(f"<{len(values)}{_WORDS[vr]}", *values))


def text(tag: int, vr: bytes, value: str | bytes) -> RawElement:
    coded = value.encode() if isinstance(value, str) else value
    return RawElement(tag, vr, coded + b" " * (len(coded) % 2))


def item(content: bytes, length: int | None = None) -> bytes:
    return RawElement(ITEM, b"", content, length).coded()


def fragments(pieces: Iterable[bytes], offsets: bytes = b"") -> RawElement:
    """Encapsulated pixel data (PS3.5, A.4)."""
    head = struct.Struct("<HHI")
    parts = [item(offsets)]
    for each in pieces:
        parts += head.pack(0xFFFE, 0xE000, len(each) + len(each) % 2), each, bytes(len(each) % 2)
    inside = b"".join(parts)
    return RawElement(PIXEL_DATA, b"OB", inside + item_end(SEQUENCE_END), UNDEFINED)


def item_end(tag: int = ITEM_END) -> bytes:
    return RawElement(tag, b"", b"").coded()


def part10(
    elements: Iterable[RawElement], syntax: str = EXPLICIT, said: str | None = None
) -> bytes:
    """A file written in ``syntax``; ``said`` is the one that it says it is in."""
    body = b"".join(each.coded(syntax) for each in elements)
    if syntax == DEFLATED:
        packer = zlib.compressobj(wbits=-15)
        body = packer.compress(body) + packer.flush()
    return _PREAMBLE + meta(said or syntax) + body


def meta(syntax: str) -> bytes:
    uid = syntax.encode() + bytes(len(syntax) % 2)
    inside = RawElement(0x0002_0010, b"UI", uid).coded()
    return numbers(0x0002_0000, len(inside), vr=b"UL").coded() + inside


def taken_apart(data: bytes) -> tuple[str, list[RawElement]]:
    """The transfer syntax and the elements of a sound file of explicit VR, little endian."""
    syntax, elements, at = "", [], len(_PREAMBLE)
    while at < len(data):
        group, number, vr = struct.unpack_from("<HH2s", data, at)
        if vr in _LONG:
            length, begins = struct.unpack_from("<I", data, at + 8)[0], at + 12
        else:
            length, begins = struct.unpack_from("<H", data, at + 6)[0], at + 8
        ends = len(data) if length == UNDEFINED else begins + length
        found = RawElement(group << 16 | number, vr, data[begins:ends])
        if length == UNDEFINED:  # of pixels, which are last
            found = replace(found, length=UNDEFINED)
        if found.tag == 0x0002_0010:
            syntax = found.value.rstrip(b"\0").decode()
        if group != 2:
            elements.append(found)
        at = ends
    return syntax, elements


def in_fragments(pixels: RawElement) -> list[bytes]:
    """Of encapsulated pixels: the table of offsets, and what follows it."""
    pieces, at = [], 0
    while at + 8 <= len(pixels.value):
        tag = struct.unpack_from("<I", pixels.value, at)[0]
        length = struct.unpack_from("<I", pixels.value, at + 4)[0]
        if tag != 0xE000_FFFE:
            break
        pieces.append(pixels.value[at + 8 : at + 8 + length])
        at += 8 + length
    return pieces

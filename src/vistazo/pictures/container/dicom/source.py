"""From the bytes of a file to the elements of its data set (PS3.10, section 7; PS3.5, annex A)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from vistazo.pictures.container.dicom.elements import (
    LONG_VRS,
    SHORT_VRS,
    Found,
    Layout,
    Wanted,
    damaged,
    read_elements,
)

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG_ENDIAN = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
_MARK, _MARK_AT = b"DICM", 128
_META = {0x0002_0002: "UI", 0x0002_0003: "UI", 0x0002_0010: "UI"}
_META_GROUP = b"\2\0"
_EXPLICIT_LAYOUT, _IMPLICIT_LAYOUT = Layout("<", is_explicit=True), Layout("<", is_explicit=False)
_BIG_LAYOUT = Layout(">", is_explicit=True)
_LAYOUTS = {EXPLICIT: _EXPLICIT_LAYOUT, IMPLICIT: _IMPLICIT_LAYOUT, BIG_ENDIAN: _BIG_LAYOUT}
_FIRST_GROUP_OF_BIG = b"\0\x08"
# Of a deflated file: what stands before the pixels, and the pixels of a small one.
_INFLATED_HEAD_BYTES = 8_000_000
_INFLATED_AT_ONCE, _READ_AT_ONCE = 1_000_000, 65_536
_MOST_META = 100


@dataclass(frozen=True)
class Source:
    """The data set of a file: ``content`` from ``start``, or, where that is too long, the first of
    what is ``deflated``.
    """

    transfer_syntax: str
    sop_class: str  # as the file meta information says
    content: bytes
    start: int
    layout: Layout
    deflated: memoryview | None = None

    def read(self, wanted: Wanted, frame: int | None = None) -> Found:
        return read_elements(self.content, self.start, self.layout, wanted, frame)

    def piece(self, start: int, length: int) -> memoryview:
        """Of the content, or of what it is the first of: shorter where it ends before.

        Raises CorruptImageError.
        """
        if self.deflated is None or start + length <= len(self.content):
            return memoryview(self.content)[start : start + length]
        return _inflated(self.deflated, start, length)


def transfer_syntax_of(data: bytes) -> str:
    """As the file meta information says: empty where it does not. Raises CorruptImageError."""
    return _meta(data)[0]


def _meta(data: bytes) -> tuple[str, str, int]:
    """Transfer syntax and SOP class; where the data set begins."""
    start = _MARK_AT + len(_MARK) if data[_MARK_AT : _MARK_AT + 4] == _MARK else 0
    end = _end_of_meta(data, start)
    meta = read_elements(memoryview(data)[:end], start, _EXPLICIT_LAYOUT, _META).data_set.values
    syntax, sop_class = (
        text_in(meta[tag].content) if tag in meta else "" for tag in (0x0002_0010, 0x0002_0002)
    )
    return syntax, sop_class, end


def source_of(data: bytes) -> Source:
    """Raises CorruptImageError."""
    syntax, sop_class, end = _meta(data)
    if syntax == DEFLATED:
        deflated = memoryview(data)[end:]
        content = bytes(_inflated(deflated, 0, _INFLATED_HEAD_BYTES))
        is_all = len(content) < _INFLATED_HEAD_BYTES
        rest = None if is_all else deflated
        return Source(syntax, sop_class, content, 0, _EXPLICIT_LAYOUT, rest)
    layout = _BIG_LAYOUT if syntax == BIG_ENDIAN else _layout(data, end)
    if not syntax:
        syntax = next(uid for uid, of in _LAYOUTS.items() if of == layout)
    return Source(syntax, sop_class, data, end, layout)


def _end_of_meta(data: bytes, at: int) -> int:
    """The length that it says of itself is wrong in some files: it ends with its group."""
    for _ in range(_MOST_META):
        if data[at : at + 2] != _META_GROUP:
            break
        vr = data[at + 4 : at + 6]
        head, length = 8, data[at + 6 : at + 8]
        if vr in LONG_VRS:
            head, length = 12, data[at + 8 : at + 12]
        elif vr not in SHORT_VRS:
            length = data[at + 4 : at + 8]
        at += head + int.from_bytes(length, "little")
    else:
        damaged("its first group has too many elements")
    return at


def _layout(data: bytes, at: int) -> Layout:
    """As the first element is written: some files are not as they say."""
    vr = data[at + 4 : at + 6]
    if data[at : at + 2] == _FIRST_GROUP_OF_BIG:
        return _BIG_LAYOUT
    return _EXPLICIT_LAYOUT if vr in SHORT_VRS or vr in LONG_VRS else _IMPLICIT_LAYOUT


def text_in(content: memoryview) -> str:
    """Of a UID or a code: without its padding."""
    return bytes(content).decode("ascii", "replace").strip("\0 ")


def _inflated(deflated: memoryview, start: int, length: int) -> memoryview:
    """``length`` bytes from ``start``, or as many as there are. Raises CorruptImageError where it
    is damaged before their end.
    """
    kept, at, end = bytearray(length), 0, 0
    for piece in _inflating(deflated, start + length):
        wanted = memoryview(piece)[max(0, start - at) :]
        kept[end : end + len(wanted)] = wanted
        end += len(wanted)
        at += len(piece)
    return memoryview(kept)[:end]


def _inflating(deflated: memoryview, most: int) -> Iterator[bytes]:
    """Up to ``most`` bytes, piece by piece."""
    machine, left = zlib.decompressobj(-zlib.MAX_WBITS), most
    for at in range(0, len(deflated), _READ_AT_ONCE):
        rest: bytes | memoryview = deflated[at : at + _READ_AT_ONCE]
        while left:
            try:
                piece = machine.decompress(rest, min(left, _INFLATED_AT_ONCE))
            except zlib.error as error:
                damaged(f"it cannot be inflated ({error})")
            rest = machine.unconsumed_tail
            if not piece and not rest:
                break
            left -= len(piece)
            yield piece

"""Elements written anew, as a file of their own (PS3.10, section 7), in explicit VR."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from vistazo.pictures.container.dicom.elements import (
    END_OF_SEQUENCE,
    ITEM,
    LONG_VRS,
    PIXEL_DATA,
    UNDEFINED,
    DataSet,
    Wanted,
    number_in,
)
from vistazo.pictures.container.dicom.wanted import SIGN, SOP_CLASS, SOP_INSTANCE

_PREAMBLE = bytes(128) + b"DICM"
_ODD = {"UI": b"\0", "OW": b"\0", "OB": b"\0"}


def file_head(data_set: DataSet, transfer_syntax: str) -> bytes:
    """Preamble and file meta information."""
    meta = {
        0x0002_0001: ("OB", b"\0\1"),
        0x0002_0010: ("UI", transfer_syntax.encode("ascii")),
    }
    for tag, of in ((0x0002_0002, SOP_CLASS), (0x0002_0003, SOP_INSTANCE)):
        if of in data_set.values:
            meta[tag] = "UI", bytes(data_set.values[of].content)
    content = b"".join(element(tag, *meta[tag], "<") for tag in sorted(meta))
    length = element(0x0002_0000, "UL", struct.pack("<I", len(content)), "<")
    return _PREAMBLE + length + content


def elements(data_set: DataSet, wanted: Wanted, order: str) -> bytes:
    """In the order of their tags, with the VRs that are wanted; sequences have their lengths."""
    sign = data_set.values.get(SIGN)
    is_signed = sign is not None and number_in(sign, order) == 1
    return b"".join(_elements(data_set, wanted, order, "SS" if is_signed else "US"))


def _elements(data_set: DataSet, wanted: Wanted, order: str, xs: str) -> Iterator[bytes]:
    for tag in sorted({*data_set.values, *data_set.sequences}):
        kind = wanted[tag]
        if isinstance(kind, Mapping):
            items = (b"".join(_elements(item, kind, order, xs)) for item in data_set.sequences[tag])
            whole = b"".join(_head(ITEM, order, len(item)) + item for item in items)
            yield element(tag, "SQ", whole, order)
        else:
            value = data_set.values[tag]
            vr = value.vr if value.vr in ("US", "SS") else xs
            yield element(tag, vr if kind == "xs" else kind, bytes(value.content), order)


def element(tag: int, vr: str, content: bytes, order: str) -> bytes:
    if len(content) % 2:
        content += _ODD.get(vr, b" ")
    return element_head(tag, vr, len(content), order) + content


def element_head(tag: int, vr: str, length: int, order: str) -> bytes:
    group, number = tag >> 16, tag & 0xFFFF
    if vr.encode() in LONG_VRS:
        return struct.pack(order + "HH2s2xI", group, number, vr.encode(), length)
    return struct.pack(order + "HH2sH", group, number, vr.encode(), length)


def _head(tag: int, order: str, length: int) -> bytes:
    return struct.pack(order + "HHI", tag >> 16, tag & 0xFFFF, length)


def around_pixels(vr: str, length: int, order: str, *, is_compressed: bool) -> tuple[bytes, bytes]:
    """What comes before and behind the pixels of one frame."""
    padding = b"\0" * (length % 2)
    if not is_compressed:
        return element_head(PIXEL_DATA, vr, length + length % 2, order), padding
    head = element_head(PIXEL_DATA, "OB", UNDEFINED, "<") + _head(ITEM, "<", 0)
    tail = padding + _head(END_OF_SEQUENCE, "<", 0)
    return head + _head(ITEM, "<", length + length % 2), tail

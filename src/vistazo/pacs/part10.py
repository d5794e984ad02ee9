"""The head of a DICOM file (PS3.10, section 7.1), written and looked at without a library."""

from __future__ import annotations

import struct

from vistazo.errors import CorruptImageError
from vistazo.pictures.header_codes import is_uid

_PREAMBLE = bytes(128) + b"DICM"
_IMPLEMENTATION = "1.2.826.0.1.3680043.8.498.1"
_LONG = (b"OB", b"OW", b"UN", b"SQ", b"UT", b"OF", b"OD", b"OL", b"UC", b"UR", b"OV", b"SV", b"UV")
_META_BYTES = 65_536
SOP_CLASS, SOP_INSTANCE, TRANSFER_SYNTAX = 0x0002, 0x0003, 0x0010


def file_head(sop_class: str, sop_instance: str, transfer_syntax: str) -> bytes:
    """All that comes before the data set."""
    elements = b"".join((
        _element(0x0001, b"OB", b"\0\1"),
        _element(SOP_CLASS, b"UI", _as_uid(sop_class)),
        _element(SOP_INSTANCE, b"UI", _as_uid(sop_instance)),
        _element(TRANSFER_SYNTAX, b"UI", _as_uid(transfer_syntax)),
        _element(0x0012, b"UI", _as_uid(_IMPLEMENTATION)),
    ))  # fmt: skip
    return _PREAMBLE + _element(0x0000, b"UL", struct.pack("<L", len(elements))) + elements


def file_meta(head: bytes) -> dict[int, str]:
    """The UIDs of group 0002, by element. Raises CorruptImageError for what is no DICOM file."""
    if head[:132][128:] != b"DICM":
        raise CorruptImageError("The file is no DICOM file.")
    found, place = {}, 132
    while place + 12 <= min(len(head), _META_BYTES):
        group, element, vr, short = struct.unpack_from("<HH2sH", head, place)
        if group != 0x0002:
            break
        place += 8
        length = short
        if vr in _LONG:
            [length] = struct.unpack_from("<L", head, place)
            place += 4
        if vr == b"UI":
            found[element] = head[place : place + length].decode("ascii", "replace").strip("\0 ")
        place += length
    return found


def _element(element: int, vr: bytes, value: bytes) -> bytes:
    if vr in _LONG:
        return struct.pack("<HH2sHL", 0x0002, element, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", 0x0002, element, vr, len(value)) + value


def _as_uid(text: str) -> bytes:
    if not is_uid(text):
        raise CorruptImageError("What is sent has no valid UID.")
    data = text.encode("ascii")
    return data + b"\0" * (len(data) % 2)

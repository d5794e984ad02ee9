"""How EXIF says to turn a picture: one number, and nothing else is read."""

from __future__ import annotations

import struct

EXIF_MARK = b"Exif\0\0"

_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_ORIENTATION, _SHORT = 0x0112, 3
_ENTRY = "HHIHH"  # tag, type, count, value, padding
_ENTRY_BYTES = 12
# A camera writes about fifteen, in the order of their tags.
_MAX_ENTRIES = 200
_UPRIGHT = 1


def exif_orientation(exif: bytes) -> int:
    """Return 1 to 8 (EXIF 2.32, tag 0x0112); 1 where none is said, or ``exif`` is damaged.

    Only the first directory of the TIFF structure is read: no other offset is followed.
    """
    tiff = exif.removeprefix(EXIF_MARK).removeprefix(EXIF_MARK)  # some writers put it in PNG too
    order = _BYTE_ORDERS.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return _UPRIGHT
    start = struct.unpack_from(order + "I", tiff, 4)[0]
    if start + 2 > len(tiff):
        return _UPRIGHT
    promised = struct.unpack_from(order + "H", tiff, start)[0]
    there = (len(tiff) - start - 2) // _ENTRY_BYTES
    for index in range(min(promised, there, _MAX_ENTRIES)):
        at = start + 2 + index * _ENTRY_BYTES
        tag, kind, count, value, _ = struct.unpack_from(order + _ENTRY, tiff, at)
        if tag == _ORIENTATION:
            is_sound = kind == _SHORT and count == 1 and 1 <= value <= 8
            return int(value) if is_sound else _UPRIGHT
    return _UPRIGHT

"""The first directory of a TIFF (TIFF 6.0, section 2): read within bounds, and written anew."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NoReturn

from vistazo.errors import BrokenRule, CorruptImageError, RejectedUploadError

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 256, 257, 258, 259, 262, 266
STRIP_OFFSETS, ORIENTATION, SAMPLES, STRIP_ROWS, STRIP_BYTES = 273, 274, 277, 278, 279
SUBFILE_KIND, PLANES, PREDICTOR, COLOURS, TILE_WIDTH, TILE_OFFSETS = 254, 284, 317, 320, 322, 324
EXTRA_SAMPLES, SAMPLE_FORMAT = 338, 339
_KNOWN = frozenset(
    (
        *(WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER),
        *(STRIP_OFFSETS, ORIENTATION, SAMPLES, STRIP_ROWS, STRIP_BYTES),
        *(SUBFILE_KIND, PLANES, PREDICTOR, COLOURS, TILE_WIDTH, TILE_OFFSETS),
        *(EXTRA_SAMPLES, SAMPLE_FORMAT),
    )
)
# Encoders put 8 kB of pixels or more into a strip, the smallest ones a row of the picture.
MAX_STRIPS = 10_000
# Cameras write about forty.
_MAX_ENTRIES = 400
_ORDERS = {b"II": "<", b"MM": ">"}
_BYTE, _SHORT, _LONG = 1, 3, 4
_LETTERS = {_BYTE: "B", _SHORT: "H", _LONG: "I"}
_SIZES = {_BYTE: 1, _SHORT: 2, _LONG: 4}
_HEADER_BYTES, _ENTRY_BYTES, _INLINE_BYTES = 8, 12, 4

Fields = Mapping[int, tuple[int, ...]]


def read_fields(data: bytes) -> Fields:
    """Of the first directory, those that have to do with pixels, each of one number or more.

    Raises CorruptImageError, and RejectedUploadError for the rules ``max_entries`` and
    ``max_strips``.
    """
    order = _ORDERS[data[:2]]
    if len(data) < _HEADER_BYTES:
        _cut_short()
    (start,) = struct.unpack_from(order + "I", data, 4)
    if start + 2 > len(data):
        _cut_short()
    (count,) = struct.unpack_from(order + "H", data, start)
    if count > _MAX_ENTRIES:
        _reject("max_entries", f"The TIFF's first page has more than {_MAX_ENTRIES} entries.")
    if start + 2 + count * _ENTRY_BYTES > len(data):
        _cut_short()
    fields: dict[int, tuple[int, ...]] = {}
    for index in range(count):
        at = start + 2 + index * _ENTRY_BYTES
        tag, kind, n_values = struct.unpack_from(order + "HHI", data, at)
        if tag not in _KNOWN:
            continue
        if tag in fields or kind not in _SIZES or not n_values:
            raise CorruptImageError(f"The TIFF is damaged in its entry {tag}.")
        fields[tag] = _values(data, order, at + 8, kind, n_values)
    return fields


def _values(data: bytes, order: str, at: int, kind: int, count: int) -> tuple[int, ...]:
    if count > MAX_STRIPS:
        _reject("max_strips", f"The TIFF has more than {MAX_STRIPS} strips.")
    if count * _SIZES[kind] > _INLINE_BYTES:
        (at,) = struct.unpack_from(order + "I", data, at)
    if at + count * _SIZES[kind] > len(data):
        _cut_short()
    return struct.unpack_from(f"{order}{count}{_LETTERS[kind]}", data, at)


def written(byte_order: bytes, fields: Fields, strip_bytes: tuple[int, ...]) -> bytes:
    """What comes before the strips, which follow one after the other: the start of a TIFF with
    these fields and those that say where its strips are.
    """
    order = _ORDERS[byte_order]
    n_strips = len(strip_bytes)
    all_fields = {**fields, STRIP_OFFSETS: (0,) * n_strips, STRIP_BYTES: strip_bytes}
    behind = _HEADER_BYTES + 2 + len(all_fields) * _ENTRY_BYTES + 4
    strips_at = behind + sum(_bytes_behind(tag, n) for tag, n in all_fields.items())
    offsets = [strips_at]
    for n_bytes in strip_bytes[:-1]:
        offsets.append(offsets[-1] + n_bytes)
    all_fields[STRIP_OFFSETS] = tuple(offsets)
    mark = 42
    parts = [byte_order, struct.pack(order + "HI", mark, _HEADER_BYTES)]
    parts.append(struct.pack(order + "H", len(all_fields)))
    values_behind = []
    for tag, values in sorted(all_fields.items()):
        kind = _kind(tag)
        value = struct.pack(f"{order}{len(values)}{_LETTERS[kind]}", *values)
        if len(value) > _INLINE_BYTES:
            values_behind.append(value)
            value = struct.pack(order + "I", behind)
            behind += len(values_behind[-1])
        parts.append(struct.pack(order + "HHI", tag, kind, len(values)) + value.ljust(4, b"\0"))
    return b"".join((*parts, bytes(4), *values_behind))


def _kind(tag: int) -> int:
    is_long = tag in (WIDTH, HEIGHT, STRIP_OFFSETS, STRIP_ROWS, STRIP_BYTES)
    return _LONG if is_long else _SHORT


def _bytes_behind(tag: int, values: tuple[int, ...]) -> int:
    n_bytes = len(values) * _SIZES[_kind(tag)]
    return n_bytes if n_bytes > _INLINE_BYTES else 0


def _cut_short() -> NoReturn:
    raise CorruptImageError("The TIFF is damaged or cut short.")


def _reject(rule: str, detail: str) -> NoReturn:
    raise RejectedUploadError([BrokenRule(rule, f"{detail} Save it anew with another program.")])

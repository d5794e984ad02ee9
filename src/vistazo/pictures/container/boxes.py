"""Boxes within boxes (ISO/IEC 14496-12), read within bounds."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from vistazo.errors import BrokenRule, CorruptImageError, RejectedUploadError

# Of one box; an encoder writes ten.
_MAX_BOXES = 200


@dataclass(frozen=True)
class Box:
    name: bytes
    content: memoryview

    def whole(self) -> bytes:
        return struct.pack(">I4s", 8 + len(self.content), self.name) + bytes(self.content)


def boxes(data: memoryview) -> Iterator[Box]:
    """Those that lie in ``data``, one after the other.

    Raises CorruptImageError, and RejectedUploadError where they break the rule ``max_boxes``.
    """
    at = 0
    for _ in range(_MAX_BOXES):
        if at == len(data):
            return
        if len(data) - at < 8:
            damaged("a box is cut short")
        size, name = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            if len(data) - at < 16:
                damaged("a box is cut short")
            (size,), head = struct.unpack_from(">Q", data, at + 8), 16
        elif size == 0:  # up to the end
            size = len(data) - at
        if size < head or size > len(data) - at:
            damaged("a box has no valid size")
        yield Box(name, data[at + head : at + size])
        at += size
    detail = f"The AVIF has more than {_MAX_BOXES} boxes. Save it anew with another program."
    raise RejectedUploadError([BrokenRule("max_boxes", detail)])


class Reader:
    """Whole numbers, big-endian, one after the other."""

    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._at = 0

    def number(self, n_bytes: int) -> int:
        """0 where ``n_bytes`` is 0."""
        piece = self._content[self._at : self._at + n_bytes]
        if len(piece) < n_bytes:
            damaged("a box is cut short")
        self._at += n_bytes
        return int.from_bytes(piece)

    def name(self) -> bytes:
        return self.number(4).to_bytes(4)

    def version(self) -> int:
        """Of a full box, whose flags are left out: the first that is asked for."""
        return self.number(4) >> 24

    def rest(self) -> memoryview:
        return self._content[self._at :]


def damaged(how: str) -> NoReturn:
    raise CorruptImageError(f"The AVIF is damaged: {how}.")

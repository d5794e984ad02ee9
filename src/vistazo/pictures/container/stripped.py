"""What is left of a file for its decoder."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO

_BUFFER_BYTES = 65_536


@dataclass(frozen=True)
class Stripped:
    """The parts of a file that decoding needs, in order, and how EXIF says to turn the picture.

    ``held_bytes`` is what its decoder must hold of it at once, beside the pixels; ``work`` how
    long decoding takes, measured in bytes of PNG pixels (7 ns each). ``is_read_whole`` says that
    its decoder reads all of it at once.
    """

    parts: tuple[memoryview, ...]
    orientation: int = 1  # 1 to 8; 1 is upright
    held_bytes: int = 0
    work: int = 0
    is_read_whole: bool = False

    def stream(self) -> BinaryIO:
        """Read the parts as if they were one file. They are copied only where they have to be."""
        if self.is_read_whole:
            return io.BytesIO(b"".join(self.parts))
        return io.BufferedReader(_Joined(self.parts), _BUFFER_BYTES)


class _Joined(io.RawIOBase):
    def __init__(self, parts: Sequence[memoryview]) -> None:
        super().__init__()
        self._parts = parts
        self._ends = list(accumulate(len(part) for part in parts))
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        index = bisect_right(self._ends, self._at)
        if index == len(self._parts):
            return 0
        left = self._ends[index] - self._at
        piece = self._parts[index][-left:][: len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._ends[-1]}[whence]
        self._at = max(0, base + offset)
        return self._at

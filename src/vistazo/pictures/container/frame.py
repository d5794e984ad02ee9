"""The frame header of a JPEG (ITU-T T.81, annex B.2.2): size, components, and what they cost."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from vistazo.errors import CorruptImageError

_HEAD = struct.Struct(">BHHB")  # bits, height, width, number of components
_PER_COMPONENT = 3
_BLOCK_SIDE, _BLOCK_BYTES = 8, 64 * 2  # a coefficient has two bytes in libjpeg


@dataclass(frozen=True)
class Frame:
    bits: int
    height: int
    width: int
    samplings: tuple[tuple[int, int], ...]  # of each component: across, down

    @staticmethod
    def read(content: bytes) -> Frame:
        """Raises CorruptImageError."""
        if len(content) < _HEAD.size:
            raise CorruptImageError("The JPEG is damaged in its frame header.")
        bits, height, width, components = _HEAD.unpack_from(content)
        both = content[_HEAD.size + 1 :: _PER_COMPONENT]
        samplings = tuple((byte >> 4, byte & 15) for byte in both)
        is_whole = len(content) == _HEAD.size + _PER_COMPONENT * components
        if not samplings or not is_whole or not all(1 <= n <= 4 for s in samplings for n in s):
            raise CorruptImageError("The JPEG is damaged in its frame header.")
        return Frame(bits, height, width, samplings)

    @property
    def coefficient_bytes(self) -> int:
        """What a decoder holds until the last scan where a component is spread over several."""
        across, down = (max(side) for side in zip(*self.samplings, strict=True))
        columns = math.ceil(self.width / (_BLOCK_SIDE * across))
        rows = math.ceil(self.height / (_BLOCK_SIDE * down))
        blocks: int = columns * rows * sum(x * y for x, y in self.samplings)
        return blocks * _BLOCK_BYTES

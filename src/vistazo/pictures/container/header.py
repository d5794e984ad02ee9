"""The header of a PNG (ISO/IEC 15948, 11.2.2): what its pixels cost."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_FIELDS = struct.Struct(">IIBB3x")
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of each colour type
_MOST_SAMPLES = 4


@dataclass(frozen=True)
class PngHeader:
    width: int
    height: int
    depth: int
    colour: int

    @staticmethod
    def read(content: bytes | memoryview) -> PngHeader:
        """``content``: of the chunk, 13 bytes."""
        return PngHeader(*_FIELDS.unpack(content))

    @property
    def filtered_bytes(self) -> int:
        """The pixels, each line after the byte that says its filter. Interlaced, hardly more."""
        bits = self.depth * _SAMPLES.get(self.colour, _MOST_SAMPLES)
        return self.height * (1 + (self.width * bits + 7) // 8)

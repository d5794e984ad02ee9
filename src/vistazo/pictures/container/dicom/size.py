"""What a compressed picture says of itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    width: int
    height: int
    samples: int
    bits: int

"""Lookup tables (PS3.3, C.11.1, C.11.2 and C.7.9)."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydicom.dataset import Dataset


def lut(entries: int, first: int, bits: int, power: float, *, modality: bool = False) -> Dataset:
    """A curve from 0 to the most of so many bits; ``first`` is the first value that it maps."""
    curve = np.rint(np.linspace(0, 1, entries) ** power * ((1 << bits) - 1)).astype(np.uint16)
    found = Dataset()
    vr = "SS" if first < 0 else "US"
    # 65,536 entries are told as 0; the VR of the descriptor is that of the pixels.
    numbers = [entries % 65_536, first, bits]
    found.add_new(0x00283002, vr, [_as_signed(n) for n in numbers] if vr == "SS" else numbers)
    if modality:
        found.ModalityLUTType = "US"
    found.add_new(0x00283006, "OW", curve.astype("<u2").tobytes())
    return found


def _as_signed(number: int) -> int:
    return number - 65_536 if number > 32_767 else number


def palette(*, bits: int = 16, entries: int = 256, first: int = 0) -> dict[str, Any]:
    """The header of a palette in which every index has a colour of its own."""
    found: dict[str, Any] = {}
    for name, values in _curves(entries).items():
        descriptor = [entries, first, bits]
        found[f"{name}PaletteColorLookupTableDescriptor"] = descriptor
        data = values.astype("<u2") * 257 if bits == 16 else values.astype(np.uint8)
        found[f"{name}PaletteColorLookupTableData"] = data.tobytes()
    return found


def _curves(entries: int) -> dict[str, np.ndarray]:
    index = np.arange(entries) * 255 // max(entries - 1, 1)
    return {"Red": index, "Green": 255 - index, "Blue": (index * 3) % 256}


def segmented() -> dict[str, Any]:
    """The same as two linear segments and one discrete (C.7.9.2)."""
    found: dict[str, Any] = {}
    for name, end in (("Red", 65_535), ("Green", 30_000), ("Blue", 9_000)):
        # opcode 0: one value; opcode 1: 127 values on the way to the end; and back to half.
        words = [0, 1, 0, 1, 127, end, 1, 128, end // 2]
        found[f"{name}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        found[f"Segmented{name}PaletteColorLookupTableData"] = np.array(words, "<u2").tobytes()
    return found

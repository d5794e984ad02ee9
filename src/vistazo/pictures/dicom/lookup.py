"""Lookup tables of a data set (PS3.3 C.11.1.1 and C.11.2.1.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.pictures.dicom.elements import Elements

_MOST_ENTRIES = 65_536
_DESCRIPTOR, _DATA = 0x0028_3002, 0x0028_3006


@dataclass(frozen=True, eq=False)
class LookupTable:
    """``entries`` stand for the values from ``first`` on, which may be negative; below and above
    are those at its ends. An entry is of ``bits`` bits.
    """

    first: int
    entries: NDArray[np.float64]
    bits: int

    def __call__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        indices = (values - self.first).clip(0, len(self.entries) - 1)
        return np.asarray(self.entries[np.rint(indices).astype(np.int64)])


def table_of(item: Elements | None, *, is_signed: bool) -> LookupTable | None:
    """``is_signed``: of what it looks up. None where there is none, or it says nothing."""
    if item is None:
        return None
    descriptor, data = item.words(_DESCRIPTOR), item.data(_DATA)
    if len(descriptor) < 3 or not data:
        return None
    count = int(descriptor[0]) or _MOST_ENTRIES
    first = int(item.words(_DESCRIPTOR, signed=is_signed)[1])
    entries = entries_of(item, _DATA, count)
    bits = int(descriptor[2])
    needed = int(entries.max()).bit_length() if len(entries) else 0
    return LookupTable(first, entries, max(bits, needed, 1)) if len(entries) else None


def entries_of(item: Elements, tag: int, count: int) -> NDArray[np.float64]:
    """Up to ``count``, each of two bytes; or of one, where the value is not long enough for two."""
    data = item.data(tag)
    if len(data) < 2 * count:
        return np.frombuffer(data[:count], np.uint8).astype(np.float64)
    return item.words(tag)[:count].astype(np.float64)

"""Which characters a single part of a regular expression matches, found by asking it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# A bit for each character of Unicode.
CharacterSet = NDArray[np.uint8]
# Where membership changes: those from the first of them to before the second, and so on.
Bounds = NDArray[np.int64]

N_CHARACTERS = 0x110000


def characters_of(part: str, flags: int, everything: str) -> CharacterSet:
    """Those of ``everything`` (all characters in order) that ``part`` matches."""
    found = np.zeros(N_CHARACTERS, np.bool_)
    for match in re.compile(f"(?:{part})+", flags).finditer(everything):
        found[match.start() : match.end()] = True
    return np.packbits(found)


def bounds_of(characters: CharacterSet) -> Bounds:
    changes = np.diff(np.unpackbits(characters).astype(np.int8), prepend=0, append=0)
    return np.flatnonzero(changes).astype(np.int64)


def run_lengths(text: str, bounds: Bounds) -> NDArray[np.int64]:
    """How long each run of these characters in the text is."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    members = np.searchsorted(bounds, codes, "right") % 2
    changes = np.flatnonzero(np.diff(members, prepend=0, append=0))
    return (changes[1::2] - changes[::2]).astype(np.int64)


def union(sets: Sequence[CharacterSet]) -> CharacterSet:
    whole = np.zeros(N_CHARACTERS // 8, np.uint8)
    for each in sets:
        whole |= each
    return whole


def all_characters() -> str:
    return "".join(map(chr, range(N_CHARACTERS)))

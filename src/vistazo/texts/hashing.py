"""The hash that gives a term its column where there is no vocabulary: MurmurHash3, 32 bits.

Austin Appleby, https://github.com/aappleby/smhasher, MurmurHash3_x86_32 with the seed 0, of a
term's UTF-8: as scikit-learn's FeatureHasher has it. All terms are hashed side by side, four bytes
of each at a time; the few that are longer than all others are done one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_C1, _C2 = 0xCC9E2D51, 0x1B873593
_MASK = 0xFFFFFFFF
_FEW = 16  # fewer than these are faster one by one

Words = NDArray[np.uint32]


def murmur_hashes(terms: Sequence[str]) -> NDArray[np.int32]:
    """Signed hashes, one a term (n,). A lone surrogate is hashed as if UTF-8 had it."""
    encoded = [term.encode("utf-8", "surrogatepass") for term in terms]
    lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
    # Longest first: those that still have bytes stand at the front.
    order = np.argsort(-lengths, kind="stable")
    blocks = np.frombuffer(b"".join(each + b"\0" * (-len(each) % 4) for each in encoded), "<u4")
    widths = (lengths + 3) // 4
    starts = (np.cumsum(widths) - widths)[order]
    hashes = np.zeros(len(encoded), np.uint32)
    hashes[order] = _finished(_hashed(blocks, starts, lengths[order]), lengths[order])
    return hashes.view(np.int32)


def _hashed(blocks: Words, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> Words:
    hashes = np.zeros(len(starts), np.uint32)
    whole = lengths // 4
    done = 0
    # How many terms have more than 0, 1, 2, ... blocks.
    for active in np.searchsorted(-whole, -np.arange(whole.max(initial=0)), "left").tolist():
        if active < _FEW:
            break
        front = hashes[:active] ^ _scrambled(blocks[starts[:active] + done])
        hashes[:active] = _rotated(front, 13) * np.uint32(5) + np.uint32(0xE6546B64)
        done += 1
    for place in range(int(np.count_nonzero(whole > done))):
        rest = blocks[starts[place] + done : starts[place] + whole[place]]
        hashes[place] = _one_by_one(int(hashes[place]), rest)
    partial = np.flatnonzero(lengths % 4)
    hashes[partial] ^= _scrambled(blocks[starts[partial] + whole[partial]])
    return hashes


def _one_by_one(value: int, blocks: Words) -> int:
    for block in blocks.tolist():
        scrambled = block * _C1 & _MASK
        scrambled = (scrambled << 15 | scrambled >> 17) * _C2 & _MASK
        value ^= scrambled
        value = ((value << 13 | value >> 19) & _MASK) * 5 + 0xE6546B64 & _MASK
    return value


def _scrambled(block: Words) -> Words:
    return np.asarray(_rotated(block * np.uint32(_C1), 15) * np.uint32(_C2))


def _rotated(value: Words, bits: int) -> Words:
    return np.asarray((value << np.uint32(bits)) | (value >> np.uint32(32 - bits)))


def _finished(hashes: Words, lengths: NDArray[np.int64]) -> Words:
    hashes = hashes ^ lengths.astype(np.uint32)
    hashes ^= hashes >> np.uint32(16)
    hashes *= np.uint32(0x85EBCA6B)
    hashes ^= hashes >> np.uint32(13)
    hashes *= np.uint32(0xC2B2AE35)
    hashes ^= hashes >> np.uint32(16)
    return hashes

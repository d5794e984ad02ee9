"""A look at the global heaps of an HDF5 file before the library sees them.

Text attributes lie in global heap collections (HDF5 specification, III.E). An object in one whose
size is damaged to 0 makes the library walk on the spot for ever, where no error and no signal
handler reaches it; fuzzing found that with HDF5 1.14.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from vistazo.errors import UnreadableModelError

_SIGNATURE = b"GCOL\x01"  # then three bytes that the library does not look at
_HEADER_BYTES = 16
_OBJECT_HEADER_BYTES = 16
_MAX_COLLECTION_BYTES = 1 << 26  # the longest text that is read has half of it
_BLOCK_BYTES = 1 << 22


def check_global_heaps(file: BinaryIO, label: str) -> None:
    """Raises UnreadableModelError where a collection's objects do not follow one another."""
    end = file.seek(0, os.SEEK_END)
    for start in _collections(file):
        file.seek(start)
        header = file.read(_HEADER_BYTES)
        size = int.from_bytes(header[8:16], "little")
        if start + size > end:  # numbers that happen to look so; of a heap, the library tells
            continue
        file.seek(start)
        if size > _MAX_COLLECTION_BYTES or not _is_chain(file.read(size), size):
            raise UnreadableModelError(
                f"{label} is damaged: the texts that it holds cannot be followed. Copy it again."
            )
    file.seek(0)


def _is_chain(heap: bytes, declared: int) -> bool:
    at = _HEADER_BYTES
    while at + _OBJECT_HEADER_BYTES <= len(heap):
        index = int.from_bytes(heap[at : at + 2], "little")
        size = int.from_bytes(heap[at + 8 : at + 16], "little")
        if size > declared or (index == 0 and size == 0):
            return False
        # Object 0 is the free space, whose size counts its own header.
        at += size if index == 0 else _OBJECT_HEADER_BYTES + (size + 7) // 8 * 8
    return True


def _collections(file: BinaryIO) -> Iterator[int]:
    """Where collections start: wherever their signature stands."""
    base, kept = 0, b""
    file.seek(0)
    while block := file.read(_BLOCK_BYTES):
        window = kept + block
        found = window.find(_SIGNATURE)
        while found >= 0:
            at = file.tell()
            yield base + found
            file.seek(at)
            found = window.find(_SIGNATURE, found + 1)
        kept = window[-len(_SIGNATURE) + 1 :]
        base += len(window) - len(kept)

"""The C library's memory allocator, told to give back what pictures leave behind.

glibc keeps freed blocks of up to 32 MB for later, in several arenas (mallopt(3): the threshold of
M_MMAP_THRESHOLD is dynamic). A decoded picture is such a block. With a fixed threshold it goes back
to the system at once: 30 MB less after 200 pictures, for about a millisecond each.
"""

from __future__ import annotations

import ctypes
import sys

# Numbers of malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_BLOCK_BYTES = 1_000_000
_ARENAS = 2


def give_back_freed_blocks() -> bool:
    """Before threads start. Does nothing, and says False, where the C library is not glibc."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl
        return False
    wanted = (
        (_MMAP_THRESHOLD, _BLOCK_BYTES),
        (_TRIM_THRESHOLD, _BLOCK_BYTES),
        (_ARENA_MAX, _ARENAS),
    )
    return all(mallopt(number, value) for number, value in wanted)


def trim() -> None:
    """Give back at once what is free between blocks in use, such as those of a former model."""
    trim_heap = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim_heap is not None:  # glibc
        trim_heap(0)

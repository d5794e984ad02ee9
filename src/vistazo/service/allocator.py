"""The C library's memory allocator, told what to do with what pictures leave behind.

glibc keeps freed blocks of up to 32 MB for later, in several arenas (mallopt(3): the threshold of
M_MMAP_THRESHOLD is dynamic). A decoded picture is such a block.

In the service, with a fixed threshold, what requests leave goes back to the system at once; the
maps of a model do not pass here, the runtime keeps them in an arena of its own. A worker, which
does nothing but decode, keeps a little for the next picture (a third of the time of one of 500 x
720) and gives all back when it rests.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

# Numbers of malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_BLOCK_BYTES = 1_000_000
_ARENAS = 2
_KEPT_BLOCK_BYTES, _KEPT_BYTES = 32_000_000, 16_000_000


def give_back_freed_blocks() -> bool:
    """Before threads start. Does nothing, and says False, where the C library is not glibc."""
    return _set(_BLOCK_BYTES, _BLOCK_BYTES, _ARENAS)


def keep_freed_blocks() -> bool:
    """A few: those of a picture of middling size. False as above."""
    return _set(_KEPT_BLOCK_BYTES, _KEPT_BYTES, 1)


def trim() -> None:
    """Give back at once what is free between blocks in use, such as those of a former model."""
    trim_heap = _glibc("malloc_trim")
    if trim_heap is not None:
        trim_heap(0)


def _set(block_bytes: int, trim_bytes: int, arenas: int) -> bool:
    mallopt = _glibc("mallopt")
    if mallopt is None:
        return False
    wanted = ((_MMAP_THRESHOLD, block_bytes), (_TRIM_THRESHOLD, trim_bytes), (_ARENA_MAX, arenas))
    return all(mallopt(number, value) for number, value in wanted)


def _glibc(name: str) -> Callable[..., int] | None:
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), name, None)  # musl has none

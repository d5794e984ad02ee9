"""Sends what is held once, piece by piece: a crowd that fetches slowly holds no copies of it, and
no files.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

_PIECE_BYTES = 32_768


async def in_pieces(file: io.BufferedIOBase) -> AsyncIterator[bytes]:
    """What ``file`` holds from where it stands. It lies in memory: nobody waits for a disk."""
    while piece := file.read(_PIECE_BYTES):
        yield piece


def held(body: bytes) -> AsyncIterator[bytes]:
    """``body``, which is not copied."""
    return in_pieces(io.BytesIO(body))

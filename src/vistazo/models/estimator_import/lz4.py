"""LZ4 frames, which joblib writes where it is asked to.

The format is small, and the files are few: these lines stand for a package in C. Source: the LZ4
frame format (1.6.2) and block format, https://github.com/lz4/lz4/tree/dev/doc. Checksums are not
compared.
"""

from __future__ import annotations

import struct

from vistazo.errors import HostileModelError, UnreadableModelError, UnsupportedModelError

MAGIC = b"\x04\x22\x4d\x18"
_HAS_BLOCK_CHECKSUMS, _HAS_SIZE, _HAS_DICTIONARY = 0x10, 0x08, 0x01
_IS_STORED = 1 << 31
_LEAST_MATCH = 4
_MORE = 15  # a length of four bits goes on in the bytes that follow


def unpack_lz4(data: bytes, most_bytes: int) -> bytes:
    """What a frame holds. Raises ModelError where it is damaged, or of more than that."""
    try:
        return bytes(_blocks(data, most_bytes))
    except (IndexError, struct.error) as error:
        raise UnreadableModelError(
            "The file is compressed with LZ4, and damaged or not copied whole. Copy it again."
        ) from error


def _blocks(data: bytes, most_bytes: int) -> bytearray:
    flags = data[4]
    if flags & _HAS_DICTIONARY:
        raise UnsupportedModelError("The file is compressed with a dictionary that is elsewhere.")
    at = 7 + (8 if flags & _HAS_SIZE else 0)
    whole = bytearray()
    while True:
        (size,) = struct.unpack_from("<I", data, at)
        at += 4
        if size == 0:
            return whole
        end = at + (size & ~_IS_STORED)
        if end > len(data):
            raise IndexError
        if size & _IS_STORED:
            whole += data[at:end]
        else:
            _unpack_block(data, at, end, whole, most_bytes)
        _check(len(whole), most_bytes)
        at = end + (4 if flags & _HAS_BLOCK_CHECKSUMS else 0)


def _check(n_bytes: int, most_bytes: int) -> None:
    if n_bytes > most_bytes:
        raise HostileModelError(
            f"The file is of more than {most_bytes / 1e6:.0f} MB, unpacked: there is no room for "
            "it."
        )


def _unpack_block(data: bytes, at: int, end: int, whole: bytearray, most_bytes: int) -> None:
    """Sequences of literals and a match: so many bytes again, from so far back."""
    while at < end:
        token = data[at]
        size, at = _length(data, at + 1, token >> 4)
        whole += data[at : at + size]
        at += size
        if at >= end:
            return
        back = data[at] | data[at + 1] << 8
        size, at = _length(data, at + 2, token & 15)
        _check(len(whole) + size, most_bytes)
        _repeat(whole, back, size + _LEAST_MATCH)


def _length(data: bytes, at: int, size: int) -> tuple[int, int]:
    if size == _MORE:
        while True:
            more = data[at]
            at += 1
            size += more
            if more != 255:
                break
    return size, at


def _repeat(whole: bytearray, back: int, size: int) -> None:
    start = len(whole) - back
    if back == 0 or start < 0:
        raise IndexError
    if back >= size:
        whole += whole[start : start + size]
    else:  # the match runs into what it makes
        times = size // back + 1
        whole += (whole[start:] * times)[:size]

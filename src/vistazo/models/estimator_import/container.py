"""The bytes of a pickle, out of whatever joblib or gzip packed them in, within bounds.

joblib tells a compression by its first bytes (joblib/compressor.py); so is it done here.
"""

from __future__ import annotations

import bz2
import io
import lzma
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from vistazo.errors import HostileModelError, ModelNotFoundError, UnreadableModelError
from vistazo.models.estimator_import.lz4 import MAGIC as LZ4_MAGIC
from vistazo.models.estimator_import.lz4 import unpack_lz4

_BLOCK_BYTES = 1 << 16
_MOST_MEMBERS = 1000
_LZMA_BYTES = 128 << 20  # for its own tables: xz -9 asks for 65 MB
_ZFILE = b"ZF0x"
_ZFILE_HEAD_BYTES = 21


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Zlib:
    """zlib's own object with the manners of the others. ``wbits`` as zlib takes it."""

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        piece = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self.needs_input = not self._inner.unconsumed_tail and len(piece) < max_length
        return piece


def _lzma() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=_LZMA_BYTES)


_UNPACKERS: tuple[tuple[bytes, Callable[[], _Unpacker]], ...] = (
    (b"\x1f\x8b", lambda: _Zlib(16 + zlib.MAX_WBITS)),
    (b"BZ", bz2.BZ2Decompressor),
    (b"\xfd7zXZ", _lzma),
    (b"]\x00", _lzma),
    (b"x", lambda: _Zlib(zlib.MAX_WBITS)),
)


def unpacked(path: Path, most_bytes: int) -> bytes:
    """The pickle in a file. Raises ModelError where it is damaged, or of more than that."""
    data = _read(path, most_bytes)
    if data.startswith(_ZFILE):
        return _of_old_joblib(data, most_bytes, path.name)
    if data.startswith(LZ4_MAGIC):
        return unpack_lz4(data, most_bytes)
    for magic, unpacker in _UNPACKERS:
        if data.startswith(magic):
            return _decompressed(data, magic, unpacker, most_bytes, path.name)
    return data


def file_head(path: Path) -> bytes:
    """Its first bytes. Raises ModelError where there is no file to read."""
    return _first(path, 8)


def _read(path: Path, most_bytes: int) -> bytes:
    data = _first(path, most_bytes + 1)
    if len(data) > most_bytes:
        raise too_large(most_bytes)
    return data


def _first(path: Path, n_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            # No more than it has: what is asked for is allocated first, and may be gigabytes.
            return file.read(min(n_bytes, os.fstat(file.fileno()).st_size + 1))
    except FileNotFoundError:
        raise ModelNotFoundError(f"There is no model file at {path}.") from None
    except (OSError, ValueError) as error:
        raise UnreadableModelError(f"{path} cannot be read: {error}.") from error


def _of_old_joblib(data: bytes, most_bytes: int, label: str) -> bytes:
    """``ZF0x`` and the length in hexadecimal digits, 19 characters wide; then zlib's bytes.

    Python 2 wrote one blank more (joblib/numpy_pickle_compat.py, read_zfile).
    """
    start = _ZFILE_HEAD_BYTES + (data[_ZFILE_HEAD_BYTES : _ZFILE_HEAD_BYTES + 1] == b" ")
    magic, unpacker = _UNPACKERS[-1]
    return _decompressed(data[start:], magic, unpacker, most_bytes, label)


def _decompressed(
    data: bytes, magic: bytes, unpacker: Callable[[], _Unpacker], most_bytes: int, label: str
) -> bytes:
    whole, at = io.BytesIO(), 0
    try:
        for _ in range(_MOST_MEMBERS):  # gzip, bz2 and xz may follow upon themselves
            at = _unpack_member(unpacker(), data, at, whole, most_bytes)
            if not data.startswith(magic, at):
                break
    except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError) as error:
        raise UnreadableModelError(
            f"{label} is compressed, and damaged or not copied whole ({error}). Copy it again."
        ) from error
    return whole.getvalue()


def _unpack_member(
    unpacker: _Unpacker, data: bytes, at: int, whole: io.BytesIO, most_bytes: int
) -> int:
    """Appends what is in the compressed stream at ``at``; gives where it ends."""
    while not unpacker.eof:
        block = data[at : at + _BLOCK_BYTES] if unpacker.needs_input else b""
        if unpacker.needs_input and not block:
            raise EOFError("it ends in the middle")
        at += len(block)
        whole.write(unpacker.decompress(block, _BLOCK_BYTES))
        if whole.tell() > most_bytes:
            raise too_large(most_bytes)
    return at - len(unpacker.unused_data)


def too_large(most_bytes: int) -> HostileModelError:
    return HostileModelError(
        f"The file is of more than {most_bytes / 1e6:.0f} MB, unpacked: there is no room for it."
    )

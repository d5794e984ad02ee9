"""The members of a zip that holds a model, read within bounds.

Refused: entries that lie about their size, that expand beyond measure, or that overlap (a zip
bomb; D. Fifield, "A better zip bomb", 2019).
"""

from __future__ import annotations

import io
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, BinaryIO, cast

from vistazo.errors import HostileModelError, UnreadableModelError, UnsupportedModelError

MAX_MEMBERS = 10_000
MAX_WEIGHTS_BYTES = 1 << 32
_MAX_EXPANSION = 1100  # DEFLATE's own limit is 1032
_USUAL_EXPANSION, _SMALL_BYTES = 64, 100_000_000  # as of the weights in an HDF5 file
_IN_MEMORY_BYTES = 16 << 20
_BLOCK_BYTES = 1 << 20
_LOCAL_HEADER_BYTES = 30  # APPNOTE.TXT 4.3.7
_ENCRYPTED = 0x1
_FAULTS = (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError)


class Window(io.RawIOBase):
    """A stretch of a file, readable and seekable as if it were a file of its own."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        super().__init__()
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        room = max(0, min(len(buffer), self._size - self._at))
        self._file.seek(self._start + self._at)
        block = self._file.read(room)
        buffer[: len(block)] = block
        self._at += len(block)
        return len(block)


def open_zip(file: BinaryIO, label: str) -> zipfile.ZipFile:
    """Raises UnreadableModelError where the zip is damaged or cut short."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError) as error:
        raise UnreadableModelError(
            f"{label} is a zip file that is damaged or was not copied whole ({error}). Copy it "
            "again."
        ) from error
    if len(archive.infolist()) > MAX_MEMBERS:
        raise HostileModelError(f"{label} holds more than {MAX_MEMBERS} files.")
    return archive


def read_small(archive: zipfile.ZipFile, name: str, max_bytes: int) -> bytes:
    """A whole member of at most ``max_bytes``."""
    entry = _checked(archive.getinfo(name), max_bytes)
    try:
        with archive.open(entry) as member:
            content = member.read(max_bytes + 1)
    except _FAULTS as error:
        raise UnreadableModelError(f"'{name}' in the zip is damaged: {error}.") from error
    if len(content) != entry.file_size:
        raise HostileModelError(f"'{name}' in the zip is not of the size that it declares.")
    return content


def open_member(archive: zipfile.ZipFile, name: str, path: Path) -> BinaryIO:
    """A member as a seekable file: a window on the zip where it is stored, else unpacked.

    The checksum is verified either way, so that a flipped bit is an error and not a wrong answer.
    """
    entry = _checked(archive.getinfo(name), MAX_WEIGHTS_BYTES)
    stored = entry.compress_type == zipfile.ZIP_STORED
    return _window(entry, path) if stored else _unpack(archive, entry)


def _checked(entry: zipfile.ZipInfo, max_bytes: int) -> zipfile.ZipInfo:
    if entry.flag_bits & _ENCRYPTED:
        raise UnsupportedModelError(f"'{entry.filename}' in the zip is encrypted. Unlock it first.")
    if entry.file_size > max_bytes:
        raise HostileModelError(
            f"'{entry.filename}' in the zip declares {entry.file_size} bytes; at most {max_bytes} "
            "are read."
        )
    if entry.file_size > _most_unpacked(entry.compress_size):
        raise HostileModelError(
            f"'{entry.filename}' in the zip would expand from {entry.compress_size} to "
            f"{entry.file_size} bytes."
        )
    return entry


def check_together(entries: Iterable[zipfile.ZipInfo]) -> None:
    """Raise HostileModelError where many members that are each small enough would fill a disk."""
    size = packed = 0
    for entry in entries:
        _checked(entry, MAX_WEIGHTS_BYTES)
        size, packed = size + entry.file_size, packed + entry.compress_size
    if size > min(MAX_WEIGHTS_BYTES, _most_unpacked(packed)):
        raise HostileModelError(
            f"The files in the zip would expand from {packed} to {size} bytes together, which "
            "those of no model do."
        )


def _most_unpacked(packed_bytes: int) -> int:
    """More than numbers learnt ever win: those who unpack a gigabyte of zeros wait for nothing."""
    by_deflate = max(_BLOCK_BYTES, _MAX_EXPANSION * packed_bytes)
    return min(by_deflate, _SMALL_BYTES + _USUAL_EXPANSION * packed_bytes)


def _window(entry: zipfile.ZipInfo, path: Path) -> BinaryIO:
    with ExitStack() as on_error:
        file = on_error.enter_context(path.open("rb"))
        start = _data_start(file, entry)
        if entry.file_size != entry.compress_size or start + entry.file_size > path.stat().st_size:
            raise HostileModelError(f"'{entry.filename}' in the zip lies about its size.")
        window = io.BufferedReader(Window(file, start, entry.file_size), _BLOCK_BYTES)
        checksum = 0
        while block := window.read(_BLOCK_BYTES):
            checksum = zlib.crc32(block, checksum)
        if checksum != entry.CRC:
            raise UnreadableModelError(
                f"'{entry.filename}' in the zip does not match its checksum. Copy the file again."
            )
        window.seek(0)
        on_error.pop_all()
        return window


def _data_start(file: BinaryIO, entry: zipfile.ZipInfo) -> int:
    file.seek(entry.header_offset)
    header = file.read(_LOCAL_HEADER_BYTES)
    if len(header) < _LOCAL_HEADER_BYTES or header[:4] != b"PK\x03\x04":
        raise UnreadableModelError(f"'{entry.filename}' in the zip is damaged. Copy it again.")
    skip = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    return entry.header_offset + _LOCAL_HEADER_BYTES + skip


def copy_member(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: IO[bytes], max_bytes: int
) -> None:
    """Unpack a member of at most ``max_bytes``, its checksum verified."""
    for block in _blocks(archive, _checked(entry, max_bytes)):
        target.write(block)
    if target.tell() != entry.file_size:  # zipfile itself never reads beyond what is declared
        raise HostileModelError(f"'{entry.filename}' in the zip lies about its size.")


def _blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """What is raised where these are written does not come by here: a full disk is no damage."""
    try:
        with archive.open(entry) as member:
            while block := member.read(_BLOCK_BYTES):
                yield block
    except _FAULTS as error:
        raise UnreadableModelError(f"'{entry.filename}' in the zip is damaged: {error}.") from error


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> BinaryIO:
    with ExitStack() as on_error:
        target = on_error.enter_context(tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES))
        copy_member(archive, entry, target, entry.file_size)
        target.seek(0)
        on_error.pop_all()
        return cast(BinaryIO, target)

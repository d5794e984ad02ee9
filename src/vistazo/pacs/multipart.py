"""Bodies of several parts (RFC 2046, section 5.1; DICOM PS3.18, section 8.6), as files."""

from __future__ import annotations

import mmap
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from email.message import Message
from pathlib import Path

from vistazo.errors import CorruptImageError

_MAX_HEAD_BYTES = 8_192
_TYPE = 'multipart/related; type="application/dicom"'
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{1,70}")
_CHUNK_BYTES = 65_536


def boundary_of(content_type: str) -> str:
    """Raises CorruptImageError for what is not of several parts."""
    message = Message()
    message["content-type"] = content_type[:1_000]
    boundary = message.get_boundary()
    if message.get_content_type() != "multipart/related" or boundary is None:
        raise CorruptImageError("The archive answered with something else than an X-ray.")
    if not _BOUNDARY.fullmatch(boundary):
        raise CorruptImageError("The archive's answer has no valid boundary.")
    return boundary


def cut_to_first_part(file: Path, boundary: str) -> None:
    """Of a body there stays what its first part holds. Raises CorruptImageError."""
    delimiter = b"--" + boundary.encode("ascii")
    with file.open("r+b") as body:
        if not os.fstat(body.fileno()).st_size:
            raise CorruptImageError("The archive's answer is empty.")
        with mmap.mmap(body.fileno(), 0) as found:
            start = found.find(delimiter, 0, _MAX_HEAD_BYTES)
            head_ends = -1
            if start >= 0:
                head_ends = found.find(b"\r\n\r\n", start, start + _MAX_HEAD_BYTES)
            end = found.find(b"\r\n" + delimiter, head_ends + 2) if head_ends >= 0 else -1
            if end < head_ends + 4:
                raise CorruptImageError("The archive's answer is cut off.")
            length = end - head_ends - 4
            found.move(0, head_ends + 4, length)
        body.truncate(length)


class DicomParts:
    """Files as a body to send, read as it goes; the same again each time it is begun."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._boundary = secrets.token_hex(16)  # none of them holds it, but by a miracle

    @property
    def headers(self) -> dict[str, str]:
        return {
            "content-type": f"{_TYPE}; boundary={self._boundary}",
            "content-length": str(
                sum(len(self._head) + path.stat().st_size + 2 for path in self._files)
                + len(self._tail)
            ),
        }

    def __iter__(self) -> Iterator[bytes]:
        for path in self._files:
            yield self._head
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    yield chunk
            yield b"\r\n"
        yield self._tail

    @property
    def _head(self) -> bytes:
        return f"--{self._boundary}\r\ncontent-type: application/dicom\r\n\r\n".encode()

    @property
    def _tail(self) -> bytes:
        return f"--{self._boundary}--\r\n".encode()

"""A file while it arrives: what is on the disk so far, within its limit, and its hash."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, TypeVar

from vistazo.errors import DownloadError
from vistazo.models.fetch.content import HEAD_BYTES

T = TypeVar("T")


@dataclass(frozen=True)
class Bound:
    """The most bytes that a file may have, and the setting that says so."""

    max_bytes: int
    setting: str | None = None


class PartialFile:
    """Made at ``new_path()`` by the first ``restart``, and gone after the ``with`` unless moved.

    ``furthest`` is the most bytes that were ever in it. Every method raises DownloadError where
    the file cannot be written.
    """

    def __init__(self, new_path: Callable[[], Path], bound: Bound) -> None:
        self.size = self.furthest = 0
        self.head = b""
        self._new_path = new_path
        self._bound = bound
        self._digest = hashlib.sha256()
        self._file: BinaryIO | None = None

    def __enter__(self) -> PartialFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is None:
            return
        with contextlib.suppress(OSError):  # of a full disk, where what was buffered is written
            self._file.close()
        self.path.unlink(missing_ok=True)

    @property
    def path(self) -> Path:
        return Path(self._open.name)

    @property
    def _open(self) -> BinaryIO:
        if self._file is None:
            path = self._new_path()
            self._file = _writing(lambda: path.open("xb"))
        return self._file

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def check_size(self, announced: int | None) -> None:
        """Raises DownloadError where the whole file is announced to be too large."""
        if announced is not None and announced > self._bound.max_bytes:
            raise self._too_large(f"has {announced:,} bytes")

    def append(self, chunk: bytes) -> None:
        """Raises DownloadError for one byte too many, or where the disk takes no more."""
        if self.size + len(chunk) > self._bound.max_bytes:
            raise self._too_large("goes on and on")
        _writing(lambda: self._open.write(chunk))
        self._digest.update(chunk)
        self.size += len(chunk)
        self.furthest = max(self.furthest, self.size)
        if len(self.head) < HEAD_BYTES:
            self.head += chunk[: HEAD_BYTES - len(self.head)]

    def restart(self) -> None:
        """Forget what has arrived."""
        _writing(lambda: (self._open.seek(0), self._open.truncate()))
        self._digest = hashlib.sha256()
        self.size, self.head = 0, b""

    def flush(self) -> None:
        _writing(self._open.flush)

    def close(self) -> None:
        """Before the file is moved."""
        _writing(self._open.close)

    def _too_large(self, what: str) -> DownloadError:
        limit = f"{self._bound.max_bytes:,} bytes"
        if self._bound.setting is None:
            return DownloadError(f"The file {what}, and {limit} are the most that it may have.")
        return DownloadError(
            f"The file {what}, more than {self._bound.setting} allows ({limit}). Raise it, if the "
            "link is right."
        )


def _writing(work: Callable[[], T]) -> T:
    try:
        return work()
    except OSError as error:
        raise DownloadError(
            f"The download cannot be kept: {error.strerror}. Make room, or set CACHE_DIR to a "
            "folder with more of it."
        ) from error

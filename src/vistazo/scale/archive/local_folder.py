"""An archive that is a folder of this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vistazo.errors import SettingsError, UnreadableFileError, UploadTooLargeError
from vistazo.pictures.folders import PicturesIn, Skipped
from vistazo.rows.picture_rows import name_of
from vistazo.scale.archive.source import Entry, too_large

# A pipe that took a picture's place would else be waited for; links are followed, as they were
# when they were listed.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class LocalFolder:
    """``root`` is absolute."""

    root: Path
    goes_below: bool = True
    reads_at_once: int = 0

    @property
    def place(self) -> str:
        return name_of(self.root)

    def check(self) -> None:
        """What is mounted no more is an empty folder."""
        if self.root.is_file():
            raise SettingsError(
                f"{self.place} is a file, and no folder of them: that is for vistazo predict."
            )
        try:
            with os.scandir(self.root) as entries:
                if next(entries, None) is None:
                    raise SettingsError(f"There is nothing in {self.place}.")
        except OSError as error:
            raise SettingsError(f"{self.place} cannot be read: {error.strerror}.") from error

    def entries(self, skipped: Skipped) -> Iterator[Entry]:
        for file in PicturesIn(skipped, self.goes_below).folder(self.root):
            yield Entry(file.relative_to(self.root).as_posix(), _size_of(file))

    def read(self, entry: Entry, max_bytes: int) -> bytes:
        try:
            with os.fdopen(os.open(self.root / entry.name, _FLAGS), "rb") as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode):
                    raise UnreadableFileError("The file is none any more.")
                if found.st_size > max_bytes:
                    raise UploadTooLargeError(too_large(max_bytes))
                data = file.read(max_bytes + 1)
        except OSError as error:
            raise UnreadableFileError(f"The file cannot be read: {error.strerror}.") from error
        if len(data) > max_bytes:
            raise UploadTooLargeError(too_large(max_bytes))
        return data


def _size_of(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:
        return None

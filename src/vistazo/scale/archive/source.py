"""What pictures are read from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from vistazo.pictures.folders import Skipped


@dataclass(frozen=True, slots=True)
class Entry:
    """A picture: its name within the archive, with ``/`` between folders, and how many bytes it had
    when it was listed; None where that was not told.
    """

    name: str
    size_bytes: int | None


class Archive(Protocol):
    """Safe to use from several threads at once, and cheap to send to another process."""

    @property
    def place(self) -> str:
        """As people may see it: without a password that it was named with."""

    @property
    def reads_at_once(self) -> int:
        """How many reads beside those that are worked on hide how long each takes."""

    def check(self) -> None:
        """Raises SettingsError where nothing can be read there, or there is nothing."""

    def entries(self, skipped: Skipped) -> Iterator[Entry]:
        """Every picture, by name, folder by folder: always in the same order. What is left out is
        added to ``skipped``.
        """

    def read(self, entry: Entry, max_bytes: int) -> bytes:
        """Raises InputError where it cannot be read, or has more bytes."""


def too_large(max_bytes: int) -> str:
    return f"The file has over {max_bytes} bytes (MAX_UPLOAD_BYTES)."

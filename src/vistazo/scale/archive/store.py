"""Where a run writes to. Every file in it is there whole, or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

LOCK, MAKING = "lock", "making-"
"""What a store may leave in the folder that it locks, and makes things in."""

Save = Callable[[Path], object]


class Store(Protocol):
    """A folder; names have ``/`` in them. Raises SettingsError where the disk, or the bucket, does
    not take what is written, or does not give it.
    """

    def place(self, name: str) -> str:
        """As people may see it."""

    def locked(self, folder: str) -> contextlib.AbstractContextManager[None]:
        """One run at a time, where that can be had. Makes the folder."""

    def names(self, folder: str) -> set[str]:
        """Of the files and folders in it; none where it is not there."""

    def exists(self, name: str) -> bool: ...

    def reading(self, name: str) -> contextlib.AbstractContextManager[BinaryIO]: ...

    def write(self, name: str, save: Save) -> None:
        """``save`` makes a file, which then takes the place of the one there is."""

    def create(self, name: str, save: Save) -> bool:
        """As ``write``, where there is none yet; else False, and that one stays."""

    def remove(self, folder: str) -> None:
        """With all that is in it."""


def bytes_in(store: Store, name: str) -> bytes:
    with store.reading(name) as file:
        return file.read()


def lines_in(file: BinaryIO, most_bytes: int = 1_000_000) -> Iterator[bytes]:
    """With their ends. One that is longer comes in pieces."""
    while line := file.readline(most_bytes):
        yield line

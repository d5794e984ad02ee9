"""The pictures that a command is told to look at."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from vistazo.errors import CorruptImageError, UploadTooLargeError
from vistazo.pictures.folders import is_of_a_program
from vistazo.pictures.formats import ACCEPTED, SUFFIXES
from vistazo.rows.picture_rows import name_of
from vistazo.rows.terminal_text import plain

_MOST_NAMED = 10
_WHY = {
    "files": f"no {ACCEPTED} by their names",
    "folders": "as --no-recursive says",
    "links": "as they are links to folders",
    "unreadable": "as they cannot be looked into",
}


class Skipped:
    """What lay in folders of pictures and was left out: the first names of each kind, and how many
    there were. What is hidden, or of a program, is not counted.
    """

    def __init__(self) -> None:
        self._first: dict[str, list[Path]] = {kind: [] for kind in _WHY}
        self._counts: Counter[str] = Counter()

    def add(self, kind: str, path: Path) -> None:
        """``kind``: files, folders, links or unreadable."""
        self._counts[kind] += 1
        if self._counts[kind] <= _MOST_NAMED:
            self._first[kind].append(path)

    def in_words(self) -> Iterator[str]:
        """A line for each kind that there is."""
        for kind, why in _WHY.items():
            names = ", ".join(plain(name_of(path)) for path in sorted(self._first[kind]))
            more = self._counts[kind] - len(self._first[kind])
            if names:
                yield f"Skipped, {why}: {names}{f' and {more} more' if more else ''}"


def picture_files(
    paths: Iterable[Path], skipped: Skipped | None = None, *, goes_below: bool = True
) -> Iterator[Path]:
    """The files themselves; of a folder, every picture in it that is not hidden, by name, and
    where it ``goes_below`` those of the folders in it. One folder's names are held at a time, and
    those of the folders that it lies in. What is left out is added to ``skipped``.
    """
    looking = _Looking(skipped or Skipped(), goes_below)
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        has_any = False
        for file in looking.pictures_in(path):
            has_any = True
            yield file
        if not has_any:
            below = "" if goes_below else " itself; leave out --no-recursive to look below it"
            raise click.UsageError(f"There is no {ACCEPTED} in {path}{below}.")


@dataclass(frozen=True)
class _Looking:
    skipped: Skipped
    goes_below: bool

    def pictures_in(self, folder: Path) -> Iterator[Path]:
        within = [self._of(folder)]  # and below it, as deep as folders lie in one another
        while within:
            path, is_folder = next(within[-1], (None, False))
            if path is None:
                within.pop()
            elif is_folder:
                within.append(self._of(path))
            else:
                yield path

    def _of(self, folder: Path) -> Iterator[tuple[Path, bool]]:
        """What lies in it, by name: pictures, and the folders to go into, which are told."""
        folders: set[str] = set()
        try:
            with os.scandir(folder) as entries:
                wanted = (each for each in entries if self._is_wanted(each, folders, folder))
                names = sorted(entry.name for entry in wanted)
        except OSError:  # who may not look into a folder is not shown what is in it
            self.skipped.add("unreadable", folder)
            return
        for name in names:
            yield folder / name, name in folders

    def _is_wanted(self, entry: os.DirEntry[str], folders: set[str], folder: Path) -> bool:
        """Whether it is a picture, or a folder to go into: that is added to ``folders``."""
        if is_of_a_program(Path(entry.name)):
            return False
        try:
            kind = self._kind(entry)
        except OSError:  # a link in a circle, or to what nobody may look at
            kind = "unreadable"
        if kind in _WHY:
            self.skipped.add(kind, folder / entry.name)
        elif kind == "folder":
            folders.add(entry.name)
        return kind not in _WHY

    def _kind(self, entry: os.DirEntry[str]) -> str:
        """Picture, folder, or what is skipped."""
        if entry.is_dir(follow_symlinks=False):
            return "folder" if self.goes_below else "folders"
        if entry.is_dir():
            return "links"
        if Path(entry.name).suffix.lower() not in SUFFIXES:
            return "files"
        return "picture" if entry.is_file() else "unreadable"


def read_file(file: Path, max_bytes: int) -> bytes:
    """Raises InputError where it cannot be read, or has more bytes than a request may have."""
    try:
        if file.stat().st_size > max_bytes:
            raise UploadTooLargeError(f"The file has over {max_bytes} bytes (MAX_UPLOAD_BYTES).")
        return file.read_bytes()
    except OSError as error:
        raise CorruptImageError(f"The file cannot be read: {error.strerror}.") from error

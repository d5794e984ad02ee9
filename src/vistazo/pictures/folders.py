"""The pictures in people's folders, and what lies there and is none."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal, TypeVar

from vistazo.pictures.formats import ACCEPTED, DICOM_HEAD_BYTES, SUFFIXES, is_dicom

_OF_PROGRAMS = {"__MACOSX", "@eaDir", "$RECYCLE.BIN"}
_MOST_NAMED = 10
# PS3.10 section 8.6: it lists the files of a disc.
_INDEX = "DICOMDIR"
_WHY = {
    "files": f"no {ACCEPTED} by their names",
    "indexes": "as they list the files of a disc, and are no pictures",
    "folders": "as --no-recursive says",
    "links": "as they are links to folders",
    "unreadable": "as they cannot be looked into",
}
_Place = TypeVar("_Place")


def kind_by_name(name: str) -> Literal["picture", "indexes", "files", "unsaid"]:
    """Unsaid is what only the first bytes could tell: a DICOM file is often named by a number, such
    as its UID, or has a name without an end.
    """
    if name.upper() == _INDEX:
        return "indexes"
    suffix = PurePath(name).suffix.lower()
    if suffix in SUFFIXES:
        return "picture"
    return "unsaid" if suffix in ("", ".") or suffix[1:].isdecimal() else "files"


def is_picture(path: Path) -> bool:
    """By its name, or whether it is a DICOM file by its first bytes. Raises OSError where these
    cannot be read.
    """
    kind = kind_by_name(path.name)
    return kind == "picture" or (kind == "unsaid" and path.is_file() and is_dicom(_head(path)))


def _head(path: Path) -> bytes:
    with path.open("rb", buffering=0) as file:
        return file.read(DICOM_HEAD_BYTES)


def is_of_a_program(path: PurePath) -> bool:
    """Whether a path inside a folder of pictures is hidden, or was left there by a program.

    Such are the copies in ``.ipynb_checkpoints`` and what macOS adds to a zip.
    """
    return any(part.startswith(".") or part in _OF_PROGRAMS for part in path.parts)


class Skipped:
    """What lay in folders of pictures and was left out: the first names of each kind, and how many
    there were. What is hidden, or of a program, is not counted.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._first: dict[str, list[PurePath]] = {kind: [] for kind in _WHY}

    def add(self, kind: str, path: PurePath) -> None:
        """``kind``: files, indexes, folders, links or unreadable."""
        self.counts[kind] += 1
        if self.counts[kind] <= _MOST_NAMED:
            self._first[kind].append(path)

    def named(self) -> Iterator[tuple[str, list[PurePath], int]]:
        """Of each kind that there is: why, the first by name, and how many more."""
        for kind, why in _WHY.items():
            first = sorted(self._first[kind])
            if first:
                yield why, first, self.counts[kind] - len(first)


def in_depth(
    top: _Place, within: Callable[[_Place], Iterator[tuple[_Place, bool]]]
) -> Iterator[_Place]:
    """What lies ``within`` a place and is no folder, and in the folders there, which are told."""
    open_ones = [within(top)]  # as deep as folders lie in one another
    while open_ones:
        found = next(open_ones[-1], None)
        if found is None:
            open_ones.pop()
        elif found[1]:
            open_ones.append(within(found[0]))
        else:
            yield found[0]


@dataclass(frozen=True)
class PicturesIn:
    """Of a folder, every picture in it that is not hidden, by name, and where it ``goes_below``
    those of the folders in it. One folder's names are held at a time, and those of the folders that
    it lies in. What is left out is added to ``skipped``.
    """

    skipped: Skipped
    goes_below: bool

    def folder(self, folder: Path) -> Iterator[Path]:
        return in_depth(folder, self._within)

    def _within(self, folder: Path) -> Iterator[tuple[Path, bool]]:
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
        kind = kind_by_name(entry.name)
        if kind == "unsaid":
            is_one = entry.is_file() and is_dicom(_head(Path(entry.path)))
            return "picture" if is_one else "files"
        return "unreadable" if kind == "picture" and not entry.is_file() else kind

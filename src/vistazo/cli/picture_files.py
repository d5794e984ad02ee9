"""The pictures that a command is told to look at."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from vistazo.errors import CorruptImageError, UploadTooLargeError
from vistazo.pictures.folders import is_of_a_program
from vistazo.pictures.formats import ACCEPTED, SUFFIXES


def picture_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files themselves; of a folder, every picture in it and below that is not hidden, by
    name. One folder's names are held at a time, and those of the folders that it lies in.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        has_any = False
        for file in _pictures_in(path):
            has_any = True
            yield file
        if not has_any:
            raise click.UsageError(f"There is no {ACCEPTED} in {path}.")


def _pictures_in(folder: Path) -> Iterator[Path]:
    names: list[str] = []
    folders: set[str] = set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if is_of_a_program(Path(entry.name)):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.add(entry.name)
                elif Path(entry.name).suffix.lower() not in SUFFIXES or not entry.is_file():
                    continue
                names.append(entry.name)
    except OSError:  # who may not look into a folder is not shown what is in it
        return
    names.sort()
    for name in names:
        if name in folders:
            yield from _pictures_in(folder / name)
        else:
            yield folder / name


def read_file(file: Path, max_bytes: int) -> bytes:
    """Raises InputError where it cannot be read, or has more bytes than a request may have."""
    try:
        if file.stat().st_size > max_bytes:
            raise UploadTooLargeError(f"The file has over {max_bytes} bytes (MAX_UPLOAD_BYTES).")
        return file.read_bytes()
    except OSError as error:
        raise CorruptImageError(f"The file cannot be read: {error.strerror}.") from error

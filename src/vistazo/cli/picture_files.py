"""The pictures that a command is told to look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from vistazo.errors import CorruptImageError, UploadTooLargeError
from vistazo.pictures.folders import PicturesIn, Skipped
from vistazo.pictures.formats import ACCEPTED
from vistazo.rows.picture_rows import name_of
from vistazo.rows.terminal_text import plain


def in_words(skipped: Skipped) -> Iterator[str]:
    """A line for each kind that there is."""
    for why, first, more in skipped.named():
        names = ", ".join(plain(name_of(path)) for path in first)
        yield f"Skipped, {why}: {names}{f' and {more} more' if more else ''}"


def picture_files(
    paths: Iterable[Path], skipped: Skipped | None = None, *, goes_below: bool = True
) -> Iterator[Path]:
    """The files themselves; of a folder what ``PicturesIn`` finds. Raises UsageError."""
    looking = PicturesIn(skipped or Skipped(), goes_below)
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        has_any = False
        for file in looking.folder(path):
            has_any = True
            yield file
        if not has_any:
            below = "" if goes_below else " itself; leave out --no-recursive to look below it"
            raise click.UsageError(f"There is no {ACCEPTED} in {path}{below}.")


def read_file(file: Path, max_bytes: int) -> bytes:
    """Raises InputError where it cannot be read, or has more bytes than a request may have."""
    try:
        if file.stat().st_size > max_bytes:
            raise UploadTooLargeError(f"The file has over {max_bytes} bytes (MAX_UPLOAD_BYTES).")
        return file.read_bytes()
    except OSError as error:
        raise CorruptImageError(f"The file cannot be read: {error.strerror}.") from error

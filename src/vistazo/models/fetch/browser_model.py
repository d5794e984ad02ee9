"""A model for the browser: its files come one by one, each to its own place in the cache.

They are laid together under their own names in a folder whose name is the hash of all of them, so
that nobody ever finds there the layers of one version beside the weights of another.
"""

from __future__ import annotations

import filecmp
import shutil
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from vistazo.errors import DownloadError
from vistazo.models.file_hash import sha256_of
from vistazo.models.teachable_metadata import METADATA_NAME


def size_of(files: Sequence[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def laid_together(
    files: Sequence[Path],
    names: Sequence[str],
    metadata: Path | None,
    folder: Callable[[], Path],
) -> Path:
    """The first of the files, where all lie beside each other under these names.

    ``folder`` gives a place for where the cache cannot be written. Raises DownloadError.
    """
    home = files[0].parents[1]
    together = sha256_of(*files)
    wanted = dict(zip(names, files, strict=True))
    if metadata is not None:
        wanted.setdefault(METADATA_NAME, metadata)
    try:
        return _laid(wanted, home / together) / names[0]
    except OSError:
        try:
            return _laid(wanted, folder() / together) / names[0]
        except OSError as error:
            raise DownloadError(
                f"The files of the model cannot be laid together: {error.strerror}. Make room, or "
                "set CACHE_DIR to a folder that can be written."
            ) from error


def _laid(wanted: dict[str, Path], folder: Path) -> Path:
    for name, file in wanted.items():
        target = folder / name
        if not _is_same(file, target):
            folder.mkdir(exist_ok=True)
            _lay(file, target)
    if METADATA_NAME not in wanted:
        (folder / METADATA_NAME).unlink(missing_ok=True)
    return folder


def _is_same(file: Path, target: Path) -> bool:
    if not target.is_file():
        return False
    return target.samefile(file) or filecmp.cmp(file, target, shallow=False)


def _lay(file: Path, target: Path) -> None:
    """Whole or not at all: somebody may be reading what lies there."""
    draft = target.with_name(f"{uuid.uuid4().hex}.partial")
    try:
        try:
            draft.hardlink_to(file)
        except OSError:  # a disk that has none
            shutil.copyfile(file, draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)

"""The SHA-256 of a file, which names a model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from vistazo.errors import UnreadableModelError

_BLOCK_BYTES = 1 << 16


def sha256_of(path: Path, *more: Path) -> str:
    """Of a file, or of several one after the other: ``cat FILES | sha256sum``.

    Of a folder, over the names and hashes of all files in it.
    """
    try:
        if more:
            return _sha256_of_all((path, *more))
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.is_file())
            listing = "".join(f"{sha256_of(file)}  {file.relative_to(path)}\n" for file in files)
            return hashlib.sha256(listing.encode()).hexdigest()
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        named = error.filename or path
        raise UnreadableModelError(f"{named} cannot be read: {error.strerror}.") from error


def _sha256_of_all(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()


def check_unchanged(sha256: str, path: Path, *more: Path) -> None:
    """Raise UnreadableModelError where files are no longer what they were."""
    if sha256_of(path, *more) != sha256:
        raise UnreadableModelError(f"{path} changed while it was read. Try again once it is whole.")

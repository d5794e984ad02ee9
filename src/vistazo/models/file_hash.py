"""The SHA-256 of a file, which names a model."""

from __future__ import annotations

import hashlib
from pathlib import Path

from vistazo.errors import UnreadableModelError


def sha256_of(path: Path) -> str:
    """Of a file; of a folder, over the names and hashes of all files in it."""
    try:
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.is_file())
            listing = "".join(f"{sha256_of(file)}  {file.relative_to(path)}\n" for file in files)
            return hashlib.sha256(listing.encode()).hexdigest()
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableModelError(f"{path} cannot be read: {error.strerror}.") from error


def check_unchanged(path: Path, sha256: str) -> None:
    """Raise UnreadableModelError where a file is no longer what it was."""
    if sha256_of(path) != sha256:
        raise UnreadableModelError(f"{path} changed while it was read. Try again once it is whole.")

"""Pictures by what they are: one file each, named by its SHA-256, where the records are.

Written and removed within transactions that write, so that of two processes neither removes what
the other has just come to need.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from pathlib import Path

from vistazo.service.records.database import transaction

_FOLDER = "pictures"


def picture_file(folder: Path, sha256: str) -> Path:
    return folder / _FOLDER / sha256[:2] / sha256


def keep_picture(database: sqlite3.Connection, folder: Path, data: bytes) -> str:
    """Its SHA-256. Raises OSError where it cannot be written."""
    sha256 = hashlib.sha256(data).hexdigest()
    file = picture_file(folder, sha256)
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(file, data)
    database.execute("INSERT OR IGNORE INTO pictures VALUES (?, ?)", (sha256, len(data)))
    return sha256


def remove_unneeded(database: sqlite3.Connection, folder: Path, candidates: set[str]) -> None:
    """Those of the ``candidates`` that no answer has any more. Raises OSError."""
    for sha256 in candidates:
        needed = "SELECT 1 FROM answers WHERE picture = ? LIMIT 1"
        if database.execute(needed, (sha256,)).fetchone() is None:
            picture_file(folder, sha256).unlink(missing_ok=True)
            database.execute("DELETE FROM pictures WHERE sha256 = ?", (sha256,))


def sweep(database: sqlite3.Connection, folder: Path) -> None:
    """Remove what a process that was killed has left behind: files that no answer names.

    Raises sqlite3.Error, OSError.
    """
    if not (folder / _FOLDER).is_dir():
        return
    with transaction(database):
        known = {sha256 for (sha256,) in database.execute("SELECT sha256 FROM pictures")}
        for file in (folder / _FOLDER).glob("??/*"):
            if file.name not in known:
                file.unlink(missing_ok=True)


def _write(file: Path, data: bytes) -> None:
    """Whole or not at all, for its owner alone."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(data)
        part.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise

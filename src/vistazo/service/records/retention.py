"""What goes: what is too old, what is too much, what somebody wants forgotten."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from vistazo.errors import SettingsError
from vistazo.service.records.database import transaction
from vistazo.service.records.kept_pictures import remove_unneeded
from vistazo.service.records.settings import RecordsPolicy

# At a time, so that whoever else wants to write has his turn.
_PIECE = 500
_PIECES = 20
_DAY_MS = 86_400_000
# Where there is too much, so much of what may be stays: else each answer would have to make room.
_KEPT_SHARE = 0.95
_GIVEN_BACK_PAGES = 2_000


def prune(database: sqlite3.Connection, policy: RecordsPolicy) -> bool:
    """A part of what has to go. Says whether that was all of it.

    Raises sqlite3.Error, and OSError for a picture that does not go.
    """
    folder, oldest_ms = policy.folder, int(time.time() * 1000 - policy.keep_days * _DAY_MS)
    is_too_much = bytes_used(database) > policy.max_bytes
    for _ in range(_PIECES):
        if not _delete(database, folder, "WHERE at_ms < ?", (oldest_ms,)):
            is_enough = not is_too_much or bytes_used(database) <= policy.max_bytes * _KEPT_SHARE
            if is_enough or not _delete(database, folder, "", ()):
                return True
        # Not ``execute``, which takes one step of a statement that gives no rows: one page.
        database.executescript(f"PRAGMA incremental_vacuum({_GIVEN_BACK_PAGES})")
    return False


def forget(database: sqlite3.Connection, folder: Path, request_id: str) -> int:
    """How many records of this request there were: they are overwritten, in the file and beside it.

    Raises sqlite3.Error, and SettingsError where a picture of it, or what lies beside the file,
    cannot be removed.
    """
    gone = 0
    try:
        while piece := _delete(database, folder, "WHERE request_id = ?", (request_id,)):
            gone += piece
    except OSError as error:
        raise SettingsError(f"A picture of it cannot be removed: {error}.") from error
    [is_busy, *_] = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_busy:
        raise SettingsError(
            "It is deleted, but what was written of it may still lie beside the records, for "
            "somebody reads them just now. Do this again."
        )
    return gone


def bytes_used(database: sqlite3.Connection) -> int:
    """By what is kept: the free pages of the file are used again."""
    [pages], [free], [size] = (
        database.execute(f"PRAGMA {name}").fetchone()
        for name in ("page_count", "freelist_count", "page_size")
    )
    [pictures] = database.execute("SELECT coalesce(sum(bytes), 0) FROM pictures").fetchone()
    return int((pages - free) * size + pictures)


def _delete(
    database: sqlite3.Connection, folder: Path, where: str, values: tuple[object, ...]
) -> int:
    """The oldest of them, at most a piece, with the pictures that nobody needs then."""
    oldest = f"SELECT id FROM answers {where} ORDER BY at_ms LIMIT {_PIECE}"  # noqa: S608 - ours
    with transaction(database):
        rows = database.execute(
            f"DELETE FROM answers WHERE id IN ({oldest}) RETURNING picture",  # noqa: S608
            values,
        ).fetchall()
        remove_unneeded(database, folder, {sha256 for (sha256,) in rows if sha256 is not None})
    return len(rows)

"""The file of records: SQLite in WAL mode, so that it is read while it is written.

Several processes on one machine may share it: whoever writes waits for the other's transaction. A
folder on the network is no place for it (https://sqlite.org/wal.html, section 1).
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from vistazo.errors import SettingsError

log = logging.getLogger(__name__)

NAME = "records.sqlite"
_APPLICATION = 0x76697374  # "vist", in the header of the file
_VERSION = 1
_PATIENCE_S = 5.0
# Of SQLite's page cache, which would else take 2 MB.
_CACHE_KIB = 128

_SCHEMA = """
CREATE TABLE models (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, sha256 TEXT NOT NULL,
  labels TEXT NOT NULL, answers INTEGER NOT NULL DEFAULT 0,
  UNIQUE (sha256, name, version, labels)
);
CREATE TABLE pictures (sha256 TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE answers (
  id INTEGER PRIMARY KEY, request_id TEXT NOT NULL, place INTEGER NOT NULL,
  at_ms INTEGER NOT NULL, model INTEGER NOT NULL REFERENCES models (id),
  owner TEXT NOT NULL, caller TEXT NOT NULL, predicted_class TEXT NOT NULL, confidence REAL,
  probabilities TEXT, scores TEXT, warnings TEXT NOT NULL,
  picture TEXT REFERENCES pictures (sha256), label TEXT, judged_ms INTEGER
);
CREATE INDEX answers_of_request ON answers (request_id, place, owner);
CREATE INDEX answers_by_time ON answers (at_ms);
CREATE INDEX answers_judged ON answers (model, at_ms) WHERE label IS NOT NULL;
CREATE INDEX answers_of_picture ON answers (picture) WHERE picture IS NOT NULL;
"""
# Counting a million rows takes a second.
_COUNTED = """
CREATE TRIGGER answer_{0} AFTER {1} ON answers BEGIN
  UPDATE models SET answers = answers {2} 1 WHERE id = {3}.model;
END
"""


def file_in(folder: Path) -> Path:
    return folder / NAME


def open_for_service(folder: Path) -> sqlite3.Connection:
    """For the thread that writes. What cannot be read is put aside, never deleted, and a new file
    begun. Raises SettingsError where the folder cannot be used.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _opened_or_begun_anew(folder)
    except OSError as error:
        raise SettingsError(_unusable(folder, error.strerror or str(error))) from error
    except sqlite3.Error as error:
        raise SettingsError(_unusable(folder, str(error))) from error


@contextlib.contextmanager
def existing(folder: Path) -> Iterator[sqlite3.Connection]:
    """For a command, beside a service or without one. Raises SettingsError, also for what the file
    refuses inside.
    """
    try:
        with contextlib.closing(open_existing(folder)) as database:
            yield database
    except sqlite3.Error as error:
        raise SettingsError(f"The records in {folder} cannot be used: {error}.") from error


def open_existing(folder: Path) -> sqlite3.Connection:
    """For reading. Raises SettingsError, sqlite3.Error."""
    file = file_in(folder)
    if not file.is_file():
        raise SettingsError(
            f"{folder} holds no records. Name the folder that RECORDS_DIR names where the service "
            "runs, with --dir."
        )
    return _opened(file)


@contextlib.contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing; on the disk once it has ended. Waits a while for other writers."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # it has rolled back by itself
            database.execute("ROLLBACK")
        raise


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether it says that the file is none, and not that it cannot be written now."""
    return type(error) is sqlite3.DatabaseError


def is_locked(error: sqlite3.Error) -> bool:
    """Whether another process keeps it from being written now."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _opened_or_begun_anew(folder: Path) -> sqlite3.Connection:
    file = file_in(folder)
    try:
        return _opened(_begun(file))
    except sqlite3.DatabaseError as error:
        if not is_damaged(error):
            raise
        aside = _put_aside(file)
        log.error(
            "the records are damaged: they were put aside, and new ones are begun",
            extra={"reason": str(error), "aside": str(aside)},
        )
        return _opened(_begun(file))


def _begun(file: Path) -> Path:
    """Its owner's alone, as what SQLite puts beside it then is, too."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    return file


def _opened(file: Path) -> sqlite3.Connection:
    """Raises SettingsError for another program's, sqlite3.Error for what cannot be used.

    Where another process begins the same file, SQLite may call it locked at once.
    """
    deadline_s = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return _opened_now(file)
        except sqlite3.OperationalError as error:
            if not is_locked(error) or time.monotonic() > deadline_s:
                raise
            time.sleep(0.05)


def _opened_now(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(
        file, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False
    )
    try:
        _prepare(database, file)
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection, file: Path) -> None:
    for pragma in (
        f"cache_size = -{_CACHE_KIB}",
        "auto_vacuum = INCREMENTAL",  # before there is a table: what is deleted is given back
        "journal_mode = WAL",
        "synchronous = FULL",  # what is written outlives the machine's power, too
        "secure_delete = ON",  # what is forgotten is overwritten
        "journal_size_limit = 4000000",
        "temp_store = MEMORY",
    ):
        database.execute(f"PRAGMA {pragma}")
    if not _n_tables(database):
        with transaction(database):
            _make(database)
    _check(database, file)


def _make(database: sqlite3.Connection) -> None:
    if _n_tables(database):  # by another process, meanwhile
        return
    for statement in _SCHEMA.split(";"):
        database.execute(statement)
    database.execute(_COUNTED.format("comes", "INSERT", "+", "new"))
    database.execute(_COUNTED.format("goes", "DELETE", "-", "old"))
    database.execute(f"PRAGMA application_id = {_APPLICATION}")
    database.execute(f"PRAGMA user_version = {_VERSION}")


def _check(database: sqlite3.Connection, file: Path) -> None:
    """Raises SettingsError for another program's, sqlite3.Error for what cannot be read."""
    [application] = database.execute("PRAGMA application_id").fetchone()
    [version] = database.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION or version != _VERSION:
        whose = "a newer Vistazo" if application == _APPLICATION else "another program"
        raise SettingsError(
            f"RECORDS_DIR: {file} was written by {whose}. Name another folder, of its own."
        )
    database.execute("SELECT * FROM answers ORDER BY at_ms DESC LIMIT 1").fetchone()
    database.execute("SELECT count(*) FROM answers WHERE label IS NOT NULL").fetchone()


def _n_tables(database: sqlite3.Connection) -> int:
    [number] = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return int(number)


def _put_aside(file: Path) -> Path:
    """With what SQLite keeps beside it."""
    when = datetime.fromtimestamp(time.time(), UTC).strftime("%Y%m%dT%H%M%S%fZ")
    aside = file.with_name(f"{file.name}.damaged-{when}")
    for suffix in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            file.with_name(file.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


def _unusable(folder: Path, reason: str) -> str:
    return (
        f"RECORDS_DIR: {folder} cannot be used: {reason}. Name a folder on a disk of this machine "
        "that the service may write to, or leave RECORDS_DIR empty: then nothing is kept."
    )

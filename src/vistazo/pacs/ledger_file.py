"""The file of a ledger: SQLite, begun where there is none."""

from __future__ import annotations

import os
import secrets
import sqlite3
from pathlib import Path

from vistazo.errors import SettingsError

_APPLICATION, _VERSION = 0x76697061, 2  # "vipa"
_PATIENCE_S = 5.0

_SCHEMA = """
CREATE TABLE spool (salt BLOB NOT NULL);
CREATE TABLE instances (
  key TEXT PRIMARY KEY, state TEXT NOT NULL, bytes INTEGER NOT NULL, came_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
  next_ms INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '',
  digest TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX instances_due ON instances (state, next_ms);
CREATE TABLE sendings (
  key TEXT NOT NULL, destination TEXT NOT NULL, outcome TEXT NOT NULL DEFAULT '',
  tries INTEGER NOT NULL DEFAULT 0, refusals INTEGER NOT NULL DEFAULT 0,
  next_ms INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (key, destination)
) WITHOUT ROWID;
CREATE TABLE looks (place TEXT PRIMARY KEY, day TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE own (key TEXT PRIMARY KEY, made_ms INTEGER NOT NULL) WITHOUT ROWID;
"""


def open_database(file: Path) -> sqlite3.Connection:
    """For several threads, which take turns. Raises SettingsError."""
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        database = sqlite3.connect(
            file, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(database, file)
            return database
        except BaseException:
            database.close()
            raise
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(
            f"{file} cannot be used: {error}. Name a folder on a disk of this machine. If it is "
            "damaged, move the spool aside, and begin another one: X-rays in it that have no "
            "report yet (work/*/picture.dcm) can be sent once more."
        ) from error


def _prepare(database: sqlite3.Connection, file: Path) -> None:
    # FULL: what is written outlives the machine's power, too.
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        database.execute(f"PRAGMA {pragma}")
    [tables] = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables:
        _make(database)
    [application] = database.execute("PRAGMA application_id").fetchone()
    [version] = database.execute("PRAGMA user_version").fetchone()
    if (application, version) != (_APPLICATION, _VERSION):
        raise SettingsError(
            f"{file} was written by another program, or a newer Vistazo: name another spool."
        )


def _make(database: sqlite3.Connection) -> None:
    database.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA.split(";"):
        database.execute(statement)
    database.execute("INSERT INTO spool (salt) VALUES (?)", (secrets.token_bytes(32),))
    database.execute(f"PRAGMA application_id = {_APPLICATION}")
    database.execute(f"PRAGMA user_version = {_VERSION}")
    database.execute("COMMIT")

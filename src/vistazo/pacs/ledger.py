"""What came, and what became of it: SQLite, in the folder of the spool.

No UID, name or other word of a header is in it: an instance is known by a keyed hash of its SOP
Instance UID, whose key is the spool's own.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vistazo.errors import SettingsError

State = Literal["waiting", "reported", "sent", "refused", "failed"]
STATES: tuple[State, ...] = ("waiting", "reported", "sent", "refused", "failed")
_APPLICATION, _VERSION = 0x76697061, 1  # "vipa"
_PATIENCE_S = 5.0

_SCHEMA = """
CREATE TABLE spool (salt BLOB NOT NULL);
CREATE TABLE instances (
  key TEXT PRIMARY KEY, state TEXT NOT NULL, bytes INTEGER NOT NULL, came_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
  next_ms INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '',
  accepted_by TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX instances_due ON instances (state, next_ms);
CREATE TABLE own (key TEXT PRIMARY KEY, made_ms INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Entry:
    """``accepted_by`` names the destinations that have all of its report already."""

    key: str
    state: State
    n_bytes: int
    came_ms: int
    changed_ms: int
    tries: int
    accepted_by: frozenset[str]


@dataclass(frozen=True)
class Held:
    """What takes place on the disk: all that is not sent, and not refused."""

    instances: int
    n_bytes: int


class Ledger:
    """Safe to use from several threads at once. Raises sqlite3.Error where the disk refuses."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database, self._lock = database, threading.RLock()
        [self._salt] = database.execute("SELECT salt FROM spool").fetchone()

    def key_of(self, uid: str) -> str:
        """By which an instance is known here, and in the log."""
        return hmac.new(self._salt, uid.encode(), hashlib.sha256).hexdigest()[:32]

    def entry(self, key: str) -> Entry | None:
        with self._lock:
            row = self._database.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone()
        return None if row is None else _entry(row)

    def is_own(self, key: str) -> bool:
        """Whether it is a report of ours, come back."""
        with self._lock:
            found = self._database.execute("SELECT 1 FROM own WHERE key = ?", (key,)).fetchone()
        return found is not None

    def came(self, key: str, n_bytes: int) -> None:
        """It is new, or had failed and came again."""
        now = _now_ms()
        with self._transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO instances (key, state, bytes, came_ms, changed_ms) "
                "VALUES (?, 'waiting', ?, ?, ?)",
                (key, n_bytes, now, now),
            )

    def reported(self, key: str, own: Iterable[str], n_bytes: int) -> None:
        """Its report lies beside it: files by these keys, which take so many bytes more."""
        now = _now_ms()
        with self._transaction():
            self._change(key, "reported", "")
            self._database.execute(
                "UPDATE instances SET bytes = bytes + ?, tries = 0, next_ms = 0 WHERE key = ?",
                (n_bytes, key),
            )
            self._database.executemany(
                "INSERT OR IGNORE INTO own (key, made_ms) VALUES (?, ?)",
                [(each, now) for each in own],
            )

    def accepted(self, key: str, by: frozenset[str]) -> None:
        """By these destinations, and not by all."""
        with self._transaction():
            self._database.execute(
                "UPDATE instances SET accepted_by = ? WHERE key = ?", ("\n".join(sorted(by)), key)
            )

    def ended(self, key: str, state: State, reason: str = "") -> None:
        """It is sent, refused or failed."""
        with self._transaction():
            self._change(key, state, reason)

    def refused(self, key: str, reason: str) -> None:
        """Without ever having lain here."""
        now = _now_ms()
        with self._transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO instances (key, state, bytes, came_ms, changed_ms, reason) "
                "VALUES (?, 'refused', 0, ?, ?, ?)",
                (key, now, now, reason),
            )

    def postponed(self, key: str, wait_s: float, reason: str) -> None:
        """One try more was in vain."""
        with self._transaction():
            self._database.execute(
                "UPDATE instances SET tries = tries + 1, next_ms = ?, reason = ? WHERE key = ?",
                (_now_ms() + int(wait_s * 1000), reason, key),
            )

    def again(self, key: str, state: State) -> None:
        """What had failed is ``waiting`` or ``reported`` again, as if it had just come."""
        now = _now_ms()
        with self._transaction():
            self._database.execute(
                "UPDATE instances SET state = ?, tries = 0, next_ms = 0, reason = '', came_ms = ?, "
                "changed_ms = ? WHERE key = ?",
                (state, now, now, key),
            )

    def due(self, state: State, most: int, not_by: str = "\n") -> list[Entry]:
        """What may be tried now and is not accepted by that destination, the oldest first."""
        with self._lock:
            rows = self._database.execute(
                f"{_SELECT} WHERE state = ? AND next_ms <= ? AND "
                "instr(char(10) || accepted_by || char(10), char(10) || ? || char(10)) = 0 "
                "ORDER BY came_ms, key LIMIT ?",
                (state, _now_ms(), not_by, most),
            ).fetchall()
        return [_entry(row) for row in rows]

    def of(self, state: State) -> list[Entry]:
        with self._lock:
            rows = self._database.execute(f"{_SELECT} WHERE state = ?", (state,)).fetchall()
        return [_entry(row) for row in rows]

    def held(self) -> Held:
        with self._lock:
            count, n_bytes = self._database.execute(
                "SELECT count(*), coalesce(sum(bytes), 0) FROM instances "
                "WHERE state IN ('waiting', 'reported', 'failed')"
            ).fetchone()
        return Held(count, n_bytes)

    def counts(self) -> Counter[str]:
        with self._lock:
            rows = self._database.execute("SELECT state, count(*) FROM instances GROUP BY state")
            return Counter(dict.fromkeys(STATES, 0) | dict(rows.fetchall()))

    def reasons(self, state: State, most: int = 20) -> list[tuple[str, int]]:
        """How often each, the most frequent first."""
        with self._lock:
            return self._database.execute(
                "SELECT reason, count(*) AS n FROM instances WHERE state = ? AND reason <> '' "
                "GROUP BY reason ORDER BY n DESC, reason LIMIT ?",
                (state, most),
            ).fetchall()

    def forget(self, days: float) -> None:
        """What ended longer ago; it would be taken for new if it came again."""
        before = _now_ms() - int(days * 86_400_000)
        with self._transaction():
            self._database.execute(
                "DELETE FROM instances WHERE state IN ('sent', 'refused') AND changed_ms < ?",
                (before,),
            )
            self._database.execute("DELETE FROM own WHERE made_ms < ?", (before,))

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def _change(self, key: str, state: State, reason: str) -> None:
        self._database.execute(
            "UPDATE instances SET state = ?, changed_ms = ?, reason = ? WHERE key = ?",
            (state, _now_ms(), reason, key),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of it or nothing; on the disk once it has ended."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise


_SELECT = "SELECT key, state, bytes, came_ms, changed_ms, tries, accepted_by FROM instances"


def open_ledger(file: Path) -> Ledger:
    """Begin it where there is none. Raises SettingsError."""
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        database = sqlite3.connect(
            file, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(database, file)
            return Ledger(database)
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


def _entry(row: tuple[str, State, int, int, int, int, str]) -> Entry:
    key, state, n_bytes, came_ms, changed_ms, tries, accepted_by = row
    names = frozenset(filter(None, accepted_by.split("\n")))
    return Entry(key, state, n_bytes, came_ms, changed_ms, tries, names)


def _now_ms() -> int:
    return int(time.time() * 1000)

"""What came, and what became of it: SQLite, in the folder of the spool.

No UID, name or other word of a header is in it: an instance is known by a keyed hash of its SOP
Instance UID, whose key is the spool's own.
"""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from vistazo.pacs.ledger_file import open_database

State = Literal["waiting", "reported", "sent", "refused", "failed"]
STATES: tuple[State, ...] = ("waiting", "reported", "sent", "refused", "failed")
Outcome = Literal["", "accepted", "refused"]


@dataclass(frozen=True)
class Entry:
    """``digest`` is that of the bytes that were refused; empty where others would be, too."""

    key: str
    state: State
    n_bytes: int
    came_ms: int
    changed_ms: int
    tries: int
    digest: str = ""


@dataclass(frozen=True)
class Sending:
    """A report on its way to one destination, which has ``refused`` it for good, or ``accepted``
    it, where ``outcome`` is not empty. ``tries`` were in vain, ``refusals`` of them by its answer.
    """

    entry: Entry
    outcome: Outcome = ""
    tries: int = 0
    refusals: int = 0


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
        return None if row is None else Entry(*row)

    def is_own(self, key: str) -> bool:
        """Whether it is a report of ours, come back."""
        with self._lock:
            found = self._database.execute("SELECT 1 FROM own WHERE key = ?", (key,)).fetchone()
        return found is not None

    def last_look(self, place: str) -> date | None:
        """The day of the last one after which nothing was left to be fetched there."""
        with self._lock:
            row = self._database.execute(
                "SELECT day FROM looks WHERE place = ?", (place,)
            ).fetchone()
        return None if row is None else date.fromisoformat(row[0])

    def looked(self, place: str, day: date) -> None:
        with self._transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO looks (place, day) VALUES (?, ?)", (place, day.isoformat())
            )

    def came(self, key: str, n_bytes: int) -> None:
        """It is new, or had failed and came again."""
        now = _now_ms()
        with self._transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO instances (key, state, bytes, came_ms, changed_ms) "
                "VALUES (?, 'waiting', ?, ?, ?)",
                (key, n_bytes, now, now),
            )
            self._database.execute("DELETE FROM sendings WHERE key = ?", (key,))

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

    def settled(self, key: str, destination: str, outcome: Outcome, reason: str = "") -> None:
        """By this destination, which has it, or has refused it for good."""
        with self._transaction():
            self._database.execute(
                "INSERT OR REPLACE INTO sendings (key, destination, outcome, reason) "
                "VALUES (?, ?, ?, ?)",
                (key, destination, outcome, reason),
            )

    def outcomes(self, key: str) -> dict[str, tuple[Outcome, str]]:
        """By destination, those that are settled, each with its reason."""
        with self._lock:
            rows = self._database.execute(
                "SELECT destination, outcome, reason FROM sendings WHERE key = ? AND outcome <> ''",
                (key,),
            ).fetchall()
        return {name: (outcome, reason) for name, outcome, reason in rows}

    def not_sent(self, key: str, destination: str, wait_s: float, *, by_refusal: bool) -> None:
        """One try more to this destination was in vain."""
        with self._transaction():
            self._database.execute(
                "INSERT INTO sendings (key, destination, tries, refusals, next_ms) "
                "VALUES (?, ?, 1, ?, ?) ON CONFLICT DO UPDATE SET tries = tries + 1, "
                "refusals = refusals + excluded.refusals, next_ms = excluded.next_ms",
                (key, destination, int(by_refusal), _now_ms() + int(wait_s * 1000)),
            )

    def to_send(self, destination: str, most: int) -> list[Sending]:
        """What may go there now: first what was tried least, then the oldest."""
        with self._lock:
            rows = self._database.execute(
                f"{_SENDINGS} AND destination = ? WHERE state = 'reported' "
                "AND coalesce(outcome, '') = '' AND coalesce(s.next_ms, 0) <= ? "
                "ORDER BY coalesce(s.tries, 0), came_ms, i.key LIMIT ?",
                (destination, _now_ms(), most),
            ).fetchall()
        return [Sending(Entry(*row[:7]), *row[7:]) for row in rows]

    def ended(self, key: str, state: State, reason: str = "", digest: str = "") -> None:
        """It is sent, refused or failed."""
        with self._transaction():
            self._change(key, state, reason)
            self._database.execute("UPDATE instances SET digest = ? WHERE key = ?", (digest, key))
            if state != "failed":
                self._database.execute("DELETE FROM sendings WHERE key = ?", (key,))

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
            self._database.execute(
                "DELETE FROM sendings WHERE key = ? AND outcome <> 'accepted'", (key,)
            )

    def forget_refused(self) -> int:
        """They are new where they come again; how many that were."""
        with self._transaction():
            return self._database.execute("DELETE FROM instances WHERE state = 'refused'").rowcount

    def due(self, state: State, most: int) -> list[Entry]:
        """What may be tried now, the oldest first."""
        with self._lock:
            rows = self._database.execute(
                f"{_SELECT} WHERE state = ? AND next_ms <= ? ORDER BY came_ms, key LIMIT ?",
                (state, _now_ms(), most),
            ).fetchall()
        return [Entry(*row) for row in rows]

    def of(self, state: State) -> list[Entry]:
        with self._lock:
            rows = self._database.execute(f"{_SELECT} WHERE state = ?", (state,)).fetchall()
        return [Entry(*row) for row in rows]

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


_SELECT = "SELECT i.key, state, bytes, came_ms, changed_ms, i.tries, digest FROM instances i"
_SENDINGS = (
    "SELECT i.key, state, bytes, came_ms, changed_ms, i.tries, digest, coalesce(outcome, ''), "
    "coalesce(s.tries, 0), coalesce(refusals, 0) "
    "FROM instances i LEFT JOIN sendings s ON s.key = i.key"
)


def open_ledger(file: Path) -> Ledger:
    """Begin it where there is none. Raises SettingsError."""
    return Ledger(open_database(file))


def _now_ms() -> int:
    return int(time.time() * 1000)

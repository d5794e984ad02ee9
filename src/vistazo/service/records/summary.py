"""What feedback says, read out of the file of records."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from vistazo.classifier import ModelIdentity
from vistazo.errors import FeedbackNotKeptError, SettingsError
from vistazo.service.records.database import open_existing
from vistazo.service.records.worth import JudgedAnswer, Worth

# Of so many the figures are: the newest. They take a few milliseconds to read.
_MOST_JUDGED = 5_000
_FRESH_S = 5.0
_OF_MODEL = "model IN (SELECT id FROM models WHERE sha256 = ?)"


def worth_of(database: sqlite3.Connection, sha256: str) -> Worth:
    """Of the answers of one model. Raises sqlite3.Error."""
    [answers] = database.execute(
        "SELECT coalesce(sum(answers), 0) FROM models WHERE sha256 = ?", (sha256,)
    ).fetchone()
    judged = f"FROM answers WHERE {_OF_MODEL} AND label IS NOT NULL"
    [labelled] = database.execute(f"SELECT count(*) {judged}", (sha256,)).fetchone()
    newest = database.execute(
        f"SELECT at_ms, label = predicted_class, confidence {judged} ORDER BY at_ms DESC LIMIT ?",
        (sha256, _MOST_JUDGED),
    ).fetchall()
    in_order = [
        JudgedAnswer(at_ms, bool(is_right), confidence)
        for at_ms, is_right, confidence in reversed(newest)
    ]
    return Worth.of(in_order, answers, labelled)


class SummaryReader:
    """Reads once in a few seconds, however often it is asked. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._read: tuple[ModelIdentity, float, Worth] | None = None

    def worth(self, model: ModelIdentity) -> Worth:
        """Raises FeedbackNotKeptError where it cannot be read."""
        with self._lock:
            if self._read is not None:
                of, at_s, worth = self._read
                if of == model and time.monotonic() - at_s < _FRESH_S:
                    return worth
            worth = self._worth_now(model)
            self._read = model, time.monotonic(), worth
            return worth

    def _worth_now(self, model: ModelIdentity) -> Worth:
        try:
            with closing(open_existing(self._folder)) as database:
                return worth_of(database, model.sha256)
        except (sqlite3.Error, SettingsError) as error:
            raise FeedbackNotKeptError("The records cannot be read now. Try later.") from error

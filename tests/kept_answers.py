"""Answers to keep, and what is kept of them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from vistazo.answers.decision import Decision
from vistazo.classifier import ModelIdentity, Prediction
from vistazo.service.records.answer_record import AnswerRecord, Caller, Feedback
from vistazo.service.records.records import Records
from vistazo.service.records.settings import RecordsPolicy

MODEL = ModelIdentity("pneumonia", "1.0.0", "ab" * 32)
WARD, LAB = Caller("key:ward", "ward"), Caller("key:lab", "lab")
LABELS = ("NORMAL", "PNEUMONIA")


def answer(
    request_id: str = "r-1",
    index: int = 0,
    *,
    says: str = "PNEUMONIA",
    age_days: float = 0,
    caller: Caller = WARD,
    model: ModelIdentity = MODEL,
    labels: tuple[str, ...] = LABELS,
    picture: bytes | None = None,
) -> AnswerRecord:
    shares = tuple(0.9 if label == says else 0.1 for label in labels)
    at_ms = int((time.time() - age_days * 86_400) * 1000)
    prediction = Prediction(Decision(shares, says, 0.9, ("uncertain",)), model)
    return AnswerRecord(request_id, index, at_ms, caller, labels, prediction, picture)


def said(label: str, request_id: str = "r-1", index: int = 0, caller: Caller = WARD) -> Feedback:
    return Feedback(request_id, index, label, caller)


@contextmanager
def kept_in(folder: Path, **policy: Any) -> Iterator[Records]:
    records = Records.opened(RecordsPolicy(folder, **policy))
    try:
        yield records
    finally:
        records.close()


def rows(folder: Path, columns: str = "*") -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "records.sqlite")) as database:
        found = database.execute(f"SELECT {columns} FROM answers ORDER BY id")  # noqa: S608
        return found.fetchall()

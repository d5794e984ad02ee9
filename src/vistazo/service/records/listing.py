"""Which answers there were: the audit trail, read while the service writes it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# Read at once: between pieces the file is nobody's, however slowly somebody reads what is printed.
_PIECE = 1_000
_COLUMNS = (
    "answers.id, labels, coalesce(probabilities, scores, '[]'), scores IS NOT NULL, warnings,"
    " at_ms, request_id, place, coalesce(nullif(caller, ''), owner), models.name, version,"
    " models.sha256, predicted_class, confidence, label, judged_ms, picture"
)


@dataclass(frozen=True)
class Wanted:
    """Of all that are kept those to which each of these applies that is not None.

    ``model`` is a name, a version or the beginning of a SHA-256; ``from_ms`` is included,
    ``until_ms`` not; ``label`` is what was answered; ``is_disagreeing``: feedback said otherwise.
    """

    model: str | None = None
    from_ms: int | None = None
    until_ms: int | None = None
    label: str | None = None
    caller: str | None = None
    request_id: str | None = None
    is_disagreeing: bool = False
    is_judged: bool = False


@dataclass(frozen=True)
class KeptAnswer:
    """``caller`` is the name of its key, or what stands for the subject of a token; empty where
    nobody was asked. ``numbers`` are probabilities by label, or where ``are_scores`` scores.
    """

    numbers: dict[str, float]
    are_scores: bool
    warnings: tuple[str, ...]
    at_ms: int
    request_id: str
    index: int
    caller: str
    model: str
    version: str
    sha256: str
    predicted_class: str
    confidence: float | None
    label: str | None
    judged_ms: int | None
    picture: str | None


def answers(database: sqlite3.Connection, wanted: Wanted) -> Iterator[KeptAnswer]:
    """In the order in which they were written. Raises sqlite3.Error."""
    where, values = _conditions(wanted)
    last = 0
    while True:
        rows = database.execute(
            f"SELECT {_COLUMNS} FROM answers JOIN models ON models.id = answers.model"  # noqa: S608
            f" WHERE answers.id > ? {where} ORDER BY answers.id LIMIT {_PIECE}",
            (last, *values),
        ).fetchall()
        for row in rows:
            last = row[0]
            yield _answer(row)
        if len(rows) < _PIECE:
            return


def newest(database: sqlite3.Connection, wanted: Wanted, most: int) -> list[KeptAnswer]:
    """The last ``most`` of them, in their order. Raises sqlite3.Error."""
    where, values = _conditions(wanted)
    rows = database.execute(
        f"SELECT {_COLUMNS} FROM answers JOIN models ON models.id = answers.model"  # noqa: S608
        f" WHERE 1 {where} ORDER BY answers.id DESC LIMIT ?",
        (*values, most),
    ).fetchall()
    return [_answer(row) for row in reversed(rows)]


def models_named(database: sqlite3.Connection, model: str | None) -> list[tuple[str, str, str]]:
    """Name, version and SHA-256 of those whose answers are kept. Raises sqlite3.Error."""
    where, values = _conditions(Wanted(model=model))
    found = database.execute(
        "SELECT name, version, sha256 FROM models WHERE answers > 0"  # noqa: S608 - ours
        f" {where} GROUP BY sha256 ORDER BY max(id)",
        values,
    )
    return [(str(name), str(version), str(sha256)) for name, version, sha256 in found]


def _conditions(wanted: Wanted) -> tuple[str, list[object]]:
    """SQL that is ours, and the values for it."""
    where: list[str] = []
    values: list[object] = []
    for condition, value in (
        ("at_ms >= ?", wanted.from_ms),
        ("at_ms < ?", wanted.until_ms),
        ("predicted_class = ?", wanted.label),
        ("coalesce(nullif(caller, ''), owner) = ?", wanted.caller),
        ("request_id = ?", wanted.request_id),
    ):
        if value is not None:
            where.append(condition)
            values.append(value)
    if wanted.model is not None:
        where.append("? IN (models.name, version, substr(models.sha256, 1, ?))")
        values += [wanted.model, len(wanted.model)]
    if wanted.is_judged or wanted.is_disagreeing:
        where.append("label IS NOT NULL")
    if wanted.is_disagreeing:
        where.append("label != predicted_class")
    return "".join(f" AND {each}" for each in where), values


def _answer(row: tuple[Any, ...]) -> KeptAnswer:
    _, labels, numbers, are_scores, warnings, *rest = row
    by_label = dict(zip(json.loads(labels), json.loads(numbers), strict=False))
    return KeptAnswer(by_label, bool(are_scores), tuple(warnings.split()), *rest)

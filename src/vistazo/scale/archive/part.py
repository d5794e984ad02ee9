"""The rows of one shard: a line that says what they come to, then a line of JSON for each."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from vistazo.errors import SettingsError
from vistazo.scale.archive.store import Store, lines_in

Row = Mapping[str, Any]
"""As ``picture_rows.as_object`` has it, with ``size_bytes`` and what it was answered by."""


class Summary(BaseModel):
    """``classes`` counts the predicted ones, ``failures`` the codes; ``bytes`` are those read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    shard: int
    plan_sha256: str
    rows: int
    rows_sha256: str
    bytes: int
    classes: dict[str, int]
    failures: dict[str, int]

    @property
    def failed(self) -> int:
        return sum(self.failures.values())


@dataclass(frozen=True)
class Part:
    summary: Summary
    lines: bytes

    @staticmethod
    def of(shard: int, plan_sha256: str, rows: Sequence[Row]) -> Part:
        lines = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
        classes = Counter(row["predicted_class"] for row in rows if "error" not in row)
        failures = Counter(row["code"] for row in rows if "error" in row)
        summary = Summary(
            shard=shard,
            plan_sha256=plan_sha256,
            rows=len(rows),
            rows_sha256=hashlib.sha256(lines).hexdigest(),
            bytes=sum(row["size_bytes"] or 0 for row in rows),
            classes=dict(sorted(classes.items())),
            failures=dict(sorted(failures.items())),
        )
        return Part(summary, lines)

    def save(self, path: Path) -> None:
        path.write_bytes(self.summary.model_dump_json().encode() + b"\n" + self.lines)


def summary_in(store: Store, name: str, plan_sha256: str) -> Summary:
    """Raises SettingsError where it is not of this plan."""
    with store.reading(name) as file:
        head = next(lines_in(file), b"")
    try:
        found = Summary.model_validate_json(head)
    except ValidationError as error:
        raise _damaged(store, name) from error
    if found.plan_sha256 != plan_sha256:
        raise _damaged(store, name)
    return found


def rows_in(store: Store, name: str, summary: Summary) -> Iterator[bytes]:
    """Its lines, with their ends; a shard is small enough to be held. Raises SettingsError where
    they are not as they were written.
    """
    with store.reading(name) as file:
        file.readline()
        lines = file.read()
    if hashlib.sha256(lines).hexdigest() != summary.rows_sha256:
        raise _damaged(store, name)
    return iter(lines.splitlines(keepends=True))


def _damaged(store: Store, name: str) -> SettingsError:
    return SettingsError(
        f"{store.place(name)} is not as it was written. Delete it: the same command makes it again."
    )

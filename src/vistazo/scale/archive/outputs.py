"""The parts of a run become its output. Some rows are held at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vistazo.models.file_hash import sha256_of
from vistazo.rows import parquet
from vistazo.rows.csv_cells import csv_line
from vistazo.rows.picture_rows import Columns
from vistazo.scale.archive.part import Summary, rows_in
from vistazo.scale.archive.places import Layout
from vistazo.scale.archive.store import Store


@dataclass(frozen=True)
class Written:
    """A file of the output, and the hash of its bytes."""

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True)
class Outputs:
    """Written from the parts, in the order of the plan: the same parts give the same bytes."""

    store: Store
    layout: Layout
    columns: Columns
    by: dict[str, object]

    def write(self, summaries: Iterable[Summary]) -> list[Written]:
        """Raises SettingsError where a part is damaged, or there is no room."""
        if self.layout.name:
            return [self._write(self.layout.name, list(summaries))]
        return [self._write(self.layout.data(part.shard), [part]) for part in summaries]

    def _write(self, name: str, parts: list[Summary]) -> Written:
        hashes: list[str] = []

        def save(path: Path) -> None:
            self._save(path, self._lines(parts))
            hashes.append(sha256_of(path))

        self.store.write(name, save)
        return Written(name, hashes[-1], sum(part.rows for part in parts))

    def _lines(self, parts: Iterable[Summary]) -> Iterator[bytes]:
        for part in parts:
            yield from rows_in(self.store, self.layout.part(part.shard), part)

    def _save(self, path: Path, lines: Iterator[bytes]) -> None:
        if self.layout.kind == ".parquet":
            parquet.write(path, map(json.loads, lines), self.columns)
            return
        with path.open("wb") as file:
            if self.layout.kind == ".jsonl":
                file.writelines(lines)
                return
            file.write(csv_line([*self.columns.names, *self.by]).encode())
            file.writelines(self._as_csv(json.loads(line)) for line in lines)

    def _as_csv(self, row: dict[str, Any]) -> bytes:
        return csv_line([*self.columns.cells(row), *(row[name] for name in self.by)]).encode()

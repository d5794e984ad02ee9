"""Texts whose labels are known, from the rows of a table."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import SettingsError
from vistazo.training.belonging import join_groups
from vistazo.training.tables import Table, written

Rows = NDArray[np.int64]
_LINK = re.compile(r"https?://([^/?#]+)")


@dataclass(frozen=True)
class Columns:
    """Where in a table what stands: ``text`` is joined by line breaks."""

    text: tuple[str, ...]
    label: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class LabelledTexts:
    """``labels`` (n,) are places in the list of labels; texts of one of ``groups`` (n,) belong
    together: those of a paper or an author.
    """

    texts: tuple[str, ...]
    labels: Rows
    groups: Rows

    def __len__(self) -> int:
        return len(self.texts)

    def of(self, rows: Rows) -> LabelledTexts:
        texts = tuple(self.texts[row] for row in rows)
        return replace(self, texts=texts, labels=self.labels[rows], groups=self.groups[rows])

    @property
    def sha256(self) -> str:
        """Of every text and its label, whatever the order."""
        pairs = zip(self.texts, self.labels, strict=True)
        lines = sorted(f"{label} {_digest(text)}\n" for text, label in pairs)
        return _digest("".join(lines))


def read_texts(tables: Sequence[Table], columns: Columns, names: Sequence[str]) -> LabelledTexts:
    """The texts of several tables in their order, without repeats of an earlier one.

    Raises SettingsError where a column is missing, or a row has no text or another label.
    """
    rows = [row for table in tables for row in _rows_of(table, columns, names)]
    groups = join_groups([row.keys for row in rows])
    seen: dict[str, int] = {}
    for place, row in enumerate(rows):
        seen.setdefault(row.sha256, place)
    labels = np.array([row.label for row in rows], np.int64)
    every = LabelledTexts(tuple(row.text for row in rows), labels, groups)
    return every.of(np.array(list(seen.values()), np.int64))


@dataclass(frozen=True)
class _Row:
    text: str
    label: int
    keys: tuple[str, ...]
    sha256: str


def _rows_of(table: Table, columns: Columns, names: Sequence[str]) -> Iterator[_Row]:
    parts = [_cells(table, name) for name in columns.text]
    given = _cells(table, columns.label)
    groups = {name: _cells(table, name) for name in columns.groups}
    for place, label in enumerate(given):
        text = "\n".join(filter(None, (part[place] for part in parts)))
        if not text:
            raise SettingsError(f"{table.source}: text {place + 1} is empty.")
        if label not in names:
            raise SettingsError(
                f"{table.source}: text {place + 1} has the label '{label}', which is none of "
                f"{', '.join(names)}."
            )
        sha256 = _digest(text)
        keys = [
            f"{name} {key}" for name, cells in groups.items() if (key := group_key(cells[place]))
        ]
        yield _Row(text, names.index(label), tuple(keys) or (f"text {sha256}",), sha256)


def _cells(table: Table, name: str) -> list[str]:
    if name not in table.names:
        has = ", ".join(table.names) or "unnamed ones"
        raise SettingsError(f"{table.source} has no column '{name}', only {has}.")
    return list(map(written, table.column(name)))


def group_key(cell: str) -> str:
    """Of a link its host; else letters and digits: 'El País' and 'EL PAIS' are one paper."""
    link = _LINK.match(cell.casefold())
    if link:
        return link[1].removeprefix("www.")
    decomposed = unicodedata.normalize("NFKD", cell.casefold())
    return re.sub(r"[\W_]+", "", decomposed)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

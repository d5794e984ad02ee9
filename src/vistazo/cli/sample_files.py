"""Texts, or rows of numbers, from the file that holds them."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from vistazo.errors import InputError, SettingsError
from vistazo.training.sample_tables import Row, as_text, rows_of, texts_of
from vistazo.training.tables import (
    SUFFIXES as TABLES,
)
from vistazo.training.tables import (
    Table,
    decoded,
    read_bytes,
    read_json,
    read_json_lines,
    read_table,
    table_of_csv,
    table_of_json,
)

STANDARD_INPUT = Path("-")
SUFFIXES = (".txt", *TABLES)
_TABLES = (".csv", ".tsv", ".xlsx")
_LINE_END = re.compile(r"\r\n|\r|\n")


def read_texts(file: Path, column: str | None = None) -> list[str | InputError]:
    """The texts in a file, in order; an error stands where something else than a text does.

    Raises SettingsError where the file is not one of texts.
    """
    kind = file.suffix.lower()
    if kind in _TABLES:
        return texts_of(read_table(file), column)
    text, source = _read(file)
    if kind == ".jsonl":
        return _of_json(read_json_lines(text, source), source, column)
    if kind == ".json" or (file == STANDARD_INPUT and text.lstrip()[:1] in ("[", "{")):
        return _of_json(read_json(text, source), source, column)
    return [*_LINE_END.split(_LINE_END.sub("\n", text).removesuffix("\n"))] if text else []


def read_rows(file: Path, names: Sequence[str]) -> list[Row | InputError]:
    """The rows in a file, in order; an error stands where a row is not of numbers.

    ``names`` are those of the model's numbers, in order; () where it knows none. Columns that have
    names are taken by them, and others left out. Raises SettingsError.
    """
    return rows_of(_table(file), names)


def _read(file: Path) -> tuple[str, str]:
    """What is in it, and how it is called."""
    if file == STANDARD_INPUT:
        return decoded(sys.stdin.buffer.read(), "Standard input"), "Standard input"
    return decoded(read_bytes(file), str(file)), str(file)


def _table(file: Path) -> Table:
    if file != STANDARD_INPUT:
        return read_table(file)
    text, source = _read(file)
    if text.lstrip()[:1] in ("[", "{"):
        return table_of_json(read_json(text, source), source)
    return table_of_csv(text, source)


def _of_json(document: object, source: str, column: str | None) -> list[str | InputError]:
    found = document
    if isinstance(document, dict):
        found = document.get("texts", [document["text"]] if "text" in document else None)
    if not isinstance(found, list):
        raise SettingsError(
            f'{source} holds no texts. Write a list, ["one", "two"], or '
            '{"texts": ["one", "two"]}.'
        )
    if found and all(isinstance(item, dict) for item in found):
        return texts_of(table_of_json(found, source), column)
    return [as_text(item) for item in found]

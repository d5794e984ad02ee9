"""A table that somebody wrote: CSV, JSON, JSON lines or Excel."""

from __future__ import annotations

import codecs
import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

from vistazo.errors import SettingsError

Cell = str | int | float | bool | None

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".xlsx")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DELIMITERS = ",;\t"
_LONGEST_CELL = 2**31 - 1  # csv's own limit is 131,072 characters, which texts exceed
# What spreadsheets and pandas write for a number that is not there.
_MISSING = {"", "na", "nan", "null", "none", "n/a", "#n/a"}


@dataclass(frozen=True, eq=False)
class Table:
    """``names`` of the columns, empty where the file has none; a row may be of any length."""

    source: str
    names: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def without(self, name: str) -> Table:
        """The same but for one column."""
        place = self.names.index(name)
        rows = tuple(row[:place] + row[place + 1 :] for row in self.rows)
        return Table(self.source, self.names[:place] + self.names[place + 1 :], rows)

    def column(self, name: str) -> list[Cell]:
        """The cells below a name; None where a row is too short."""
        place = self.names.index(name)
        return [row[place] if place < len(row) else None for row in self.rows]


def read_table(file: Path) -> Table:
    """Read a file of one of the SUFFIXES. Raises SettingsError that says what is wrong with it."""
    kind = file.suffix.lower()
    if kind not in SUFFIXES:
        raise SettingsError(f"{file} is no table: give a {', '.join(SUFFIXES[:-1])} or .xlsx file.")
    data = read_bytes(file)
    if kind == ".xlsx":
        return _table_of_excel(data, str(file))
    text = decoded(data, str(file))
    if kind in (".csv", ".tsv"):
        return table_of_csv(text, str(file))
    document = read_json_lines(text, str(file)) if kind == ".jsonl" else read_json(text, str(file))
    return table_of_json(document, str(file))


def read_bytes(file: Path) -> bytes:
    """Raises SettingsError where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.") from error


def decoded(data: bytes, source: str) -> str:
    """UTF-8 with or without a byte order mark, or UTF-16 with one. Raises SettingsError."""
    try:
        return data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{source} is not UTF-8 text (byte {error.start}). Save it as UTF-8."
        ) from None


def read_json(text: str, source: str) -> object:
    """Raises SettingsError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{source} is not valid JSON: {error}.") from None


def read_json_lines(text: str, source: str) -> list[object]:
    """One value a line; empty lines do not count. Raises SettingsError that names the line."""
    lines = enumerate(text.split("\n"), start=1)
    return [read_json(line, f"{source}, line {n}") for n, line in lines if line.strip()]


def table_of_csv(text: str, source: str) -> Table:
    """The delimiter (comma, semicolon, tab) is that which makes most columns of the first row.

    A first row that is not all numbers is the names. Raises SettingsError, also where a quote is
    left open: all that follows it would be one cell.
    """
    csv.field_size_limit(_LONGEST_CELL)
    try:
        rows = [tuple(row) for row in _csv(text, _delimiter(text))]
    except csv.Error as error:
        raise SettingsError(f"{source} is no CSV that can be read: {error}.") from error
    return _named([row for row in rows if row], source)


def table_of_json(document: object, source: str) -> Table:
    """Of a list of lists, of a list of objects, or of an object that holds one in ``rows``.

    Raises SettingsError.
    """
    rows = document.get("rows") if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise SettingsError(
            f"{source} holds no rows. Write a list of lists, a list of objects, or "
            '{"rows": [...]}.'
        )
    if rows and all(isinstance(row, dict) for row in rows):
        names = tuple(dict.fromkeys(name for row in rows for name in row))
        return Table(source, names, tuple(tuple(map(row.get, names)) for row in rows))
    if not all(isinstance(row, list) for row in rows):
        raise SettingsError(f"{source} should hold lists alone, or objects alone, one a row.")
    return Table(source, (), tuple(map(tuple, rows)))


def number(cell: object) -> float | None:
    """The number in a cell, with a decimal point; None where it is missing. Raises ValueError."""
    if cell is None or (isinstance(cell, str) and cell.strip().casefold() in _MISSING):
        return None
    if not isinstance(cell, (str, int, float)) or "_" in str(cell):  # which Python would take
        raise ValueError("no number")
    try:
        value = float(cell)
    except OverflowError:  # an integer of hundreds of digits
        raise ValueError("no number") from None
    return None if math.isnan(value) else value


def written(cell: Cell) -> str:
    """A cell as a person reads it: 1.0 is 1, as tables and classes of numbers are compared."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _table_of_excel(data: bytes, source: str) -> Table:
    """Of the first sheet."""
    try:
        import openpyxl
    except ImportError:
        raise SettingsError(
            f"Reading {source} needs openpyxl: pip install -r scripts/requirements/evaluation.txt. "
            "Or save it as CSV (UTF-8)."
        ) from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        found = book.worksheets[0].iter_rows(values_only=True)
        rows = [tuple(map(_plain, row)) for row in found]
    except (BadZipFile, KeyError, ValueError, OSError, IndexError, TypeError) as error:
        raise SettingsError(f"{source} is no Excel file that can be read: {error}.") from error
    return _named([row for row in rows if any(cell is not None for cell in row)], source)


def _plain(cell: object) -> Cell:
    return cell if cell is None or isinstance(cell, (str, int, float)) else str(cell)


def _named(rows: Sequence[tuple[Cell, ...]], source: str) -> Table:
    if rows and not _are_numbers(rows[0]):
        return Table(source, tuple(map(written, rows[0])), tuple(rows[1:]))
    return Table(source, (), tuple(rows))


def _are_numbers(row: Iterable[Cell]) -> bool:
    try:
        found = [number(cell) for cell in row]
    except ValueError:
        return False
    return any(cell is not None for cell in found)


def _csv(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _delimiter(text: str) -> str:
    def columns(delimiter: str) -> int:
        try:
            return len(next(_csv(text, delimiter), ()))
        except csv.Error:  # it stands within quotes
            return 0

    return max(_DELIMITERS, key=columns)

"""A table of a person's: rows with named columns, from a spreadsheet, CSV or JSON."""

from __future__ import annotations

import csv
import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vistazo.errors import SettingsError

_LONGEST_CELL = 10_000_000  # a whole book, characters


@dataclass(frozen=True, eq=False)
class Table:
    """``rows`` hold a string for each of ``columns``, in their order; empty cells are empty."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def column(self, name: str) -> tuple[str, ...]:
        """Raises SettingsError where there is none of that name."""
        if name not in self.columns:
            raise SettingsError(
                f"{self.path} has no column '{name}', only {', '.join(self.columns)}."
            )
        place = self.columns.index(name)
        return tuple(row[place] for row in self.rows)


def read_table(path: Path) -> Table:
    """The first sheet of an .xlsx, a .csv with a line of names, or a .json list of objects.

    Raises SettingsError where it cannot be read.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise SettingsError(f"{path} is no table: give an .xlsx, a .csv or a .json.")
    try:
        lines = [[_text(cell) for cell in line] for line in read(path)]
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise SettingsError(f"The table {path} cannot be read: {error}.") from error
    if not lines:
        raise SettingsError(f"The table {path} is empty.")
    columns = tuple(lines[0])
    if len(set(columns)) != len(columns):
        raise SettingsError(f"The table {path} has two columns of one name.")
    filled = [line for line in lines[1:] if any(line)]
    return Table(path, columns, tuple(_of_width(line, len(columns)) for line in filled))


def _of_width(line: Sequence[str], width: int) -> tuple[str, ...]:
    return tuple([*line, *[""] * width][:width])


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _spreadsheet(path: Path) -> Iterator[Sequence[object]]:
    if importlib.util.find_spec("openpyxl") is None:
        raise SettingsError(
            "A spreadsheet needs openpyxl: pip install -r scripts/requirements/training.txt; "
            "or save it as .csv."
        )
    import zipfile

    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except zipfile.BadZipFile as error:
        raise ValueError("it is not a spreadsheet") from error
    try:
        yield from book.worksheets[0].iter_rows(values_only=True)
    finally:
        book.close()


def _csv(path: Path) -> Iterator[Sequence[object]]:
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.reader(file)


def _json(path: Path) -> Iterator[Sequence[object]]:
    rows: list[Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it should be a list of objects")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    yield columns
    yield from ([row.get(name) for name in columns] for row in rows)


_READERS: Mapping[str, Callable[[Path], Iterator[Sequence[object]]]] = {
    ".xlsx": _spreadsheet,
    ".csv": _csv,
    ".json": _json,
}

"""The texts, or the rows of numbers, in a table."""

from __future__ import annotations

from collections.abc import Sequence

from vistazo.errors import InputError, SampleError, SettingsError
from vistazo.training.columns import text_column
from vistazo.training.tables import Table, number

Row = tuple[float | None, ...]


def texts_of(table: Table, column: str | None = None) -> list[str | InputError]:
    """An error stands where a cell is no text. Raises SettingsError as ``text_column``."""
    return [as_text(cell) for cell in table.column(text_column(table, column))]


def rows_of(table: Table, names: Sequence[str]) -> list[Row | InputError]:
    """Numbers by the ``names`` of the model's, where it has any and the table has too; else all.

    An error stands where a row is not of numbers. Raises SettingsError where a name is missing.
    """
    places = _places(table, names)
    return [_row(row, places) for row in table.rows]


def as_text(item: object) -> str | InputError:
    if isinstance(item, str):
        return item
    return SampleError(f"This is no text but {_kind(item)}.")


def _kind(item: object) -> str:
    if item is None:
        return "nothing at all"
    if isinstance(item, (int, float)):
        return "a number"
    return "a list or an object"


def _places(table: Table, names: Sequence[str]) -> list[int] | None:
    """Where the numbers of a row stand; None where they are all of them, in order."""
    if not table.names or len(set(names)) < max(1, len(names)):
        return None
    missing = [name for name in names if name not in table.names]
    if missing:
        raise SettingsError(
            f"{table.source} has no column {', '.join(map(repr, missing))}. The model takes "
            f"{', '.join(names)}; the file has {', '.join(table.names)}."
        )
    twice = [name for name in names if table.names.count(name) > 1]
    if twice:
        raise SettingsError(f"{table.source} has the column {twice[0]!r} twice. Which is it?")
    return [table.names.index(name) for name in names]


def _row(cells: Sequence[object], places: Sequence[int] | None) -> Row | InputError:
    if places is not None:
        if len(cells) <= max(places):
            return SampleError(f"The row ends after {len(cells)} numbers.")
        cells = [cells[place] for place in places]
    found: list[float | None] = []
    for cell in cells:
        try:
            found.append(number(cell))
        except ValueError:
            return SampleError(f"{str(cell)[:40]!r} is no number. Write it with a decimal point.")
    return tuple(found)

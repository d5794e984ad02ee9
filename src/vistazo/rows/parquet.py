"""Answers as Parquet. A Parquet file without its end is none, so nothing could go on with it: the
rows are kept as JSON lines beside it, and become Parquet once the last is there.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from vistazo.errors import SettingsError
from vistazo.rows.answered_by import AnsweredBy
from vistazo.rows.picture_rows import Columns
from vistazo.training.checkpoint import replace_whole

_GROUP = 10_000  # rows of which each column is written together


def check_installed() -> None:
    """Raises SettingsError."""
    if importlib.util.find_spec("pyarrow") is None:
        raise SettingsError(
            "Parquet needs pyarrow, which is not installed: pip install pyarrow. "
            ".csv and .jsonl need nothing."
        )


def partial_of(path: Path) -> Path:
    """Where the rows are until the last is there."""
    return path.with_name(f"{path.name}.partial.jsonl")


def pack(path: Path, columns: Columns) -> None:
    """Write the Parquet file from the rows beside it, and remove these. Some rows are held at a
    time. Raises SettingsError.
    """
    partial = partial_of(path)

    def save(part: Path) -> None:
        with partial.open(encoding="utf-8") as lines:
            write(part, map(json.loads, lines), columns)

    replace_whole(path, save)
    partial.unlink()


def write(path: Path, rows: Iterable[dict[str, Any]], columns: Columns) -> None:
    """Rows as ``as_object`` has them, with the fields of AnsweredBy. Raises OSError."""
    import pyarrow
    import pyarrow.parquet

    schema, left = _schema(columns), iter(rows)
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        while group := list(islice(left, _GROUP)):
            values = zip(*(_values(row, columns) for row in group), strict=True)
            arrays = [
                pyarrow.array(column, of.type) for column, of in zip(values, schema, strict=True)
            ]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))


def unpack(path: Path, columns: Columns, by: AnsweredBy) -> None:
    """Put the rows of a Parquet file beside it again, for a run that adds others. Raises
    SettingsError where it was not written by ``pack`` for the same columns and answers.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            if not file.schema_arrow.equals(_schema(columns)):
                raise pyarrow.ArrowInvalid("other columns")

            def save(part: Path) -> None:
                with part.open("w", encoding="utf-8") as lines:
                    for row in _rows(file):
                        by.check(AnsweredBy.of_fields(row), path)
                        lines.write(json.dumps(_object(row, columns), ensure_ascii=False) + "\n")

            replace_whole(partial_of(path), save)
    except pyarrow.ArrowInvalid as error:
        raise SettingsError(
            f"{path} is there already, and not as these answers would have left it ({error}). "
            "Name another file."
        ) from error


def _schema(columns: Columns) -> Any:
    import pyarrow

    kinds = {str: pyarrow.string(), float: pyarrow.float64(), int: pyarrow.int64()}
    flat = zip(columns.names, (kinds[kind] for kind in columns.kinds), strict=True)
    numbers = AnsweredBy.NUMBERS
    by = ((name, kinds[float if name in numbers else str]) for name in AnsweredBy.FIELDS)
    return pyarrow.schema([*flat, *by])


def _rows(file: Any) -> Iterator[dict[str, Any]]:
    for batch in file.iter_batches(_GROUP):
        yield from batch.to_pylist()


def _values(row: dict[str, Any], columns: Columns) -> list[object]:
    return [*columns.cells(row), *(row[name] for name in AnsweredBy.FIELDS)]


def _object(row: dict[str, Any], columns: Columns) -> dict[str, Any]:
    """As ``picture_rows.as_object`` has it, as far as the columns tell."""
    return {**columns.read(row), **{name: row[name] for name in AnsweredBy.FIELDS}}

"""Answers on the standard output, each as soon as it is there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

import click

from vistazo.rows.answered_by import AnsweredBy
from vistazo.rows.csv_cells import csv_line
from vistazo.rows.picture_rows import Columns, Row, as_object, in_words


class Printing(Protocol):
    def write(self, row: Row) -> None: ...

    def close(self) -> None:
        """After the last row, or where nobody waits for the others."""


class Lines:
    """For people."""

    def __init__(self, width: int) -> None:
        self._width = width

    def write(self, row: Row) -> None:
        click.echo(in_words(row, self._width))

    def close(self) -> None:
        pass


class JsonLines:
    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels

    def write(self, row: Row) -> None:
        click.echo(json.dumps(as_object(row, self._labels), ensure_ascii=False))

    def close(self) -> None:
        pass


class JsonArray:
    """It is an array, too, where it ends early."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels
        self._is_begun = False

    def write(self, row: Row) -> None:
        text = json.dumps([as_object(row, self._labels)], indent=2, ensure_ascii=False)
        click.echo(",\n" if self._is_begun else "[\n", nl=False)
        click.echo(text.removeprefix("[\n").removesuffix("\n]"), nl=False)
        self._is_begun = True

    def close(self) -> None:
        click.echo("\n]" if self._is_begun else "[]")


class Csv:
    def __init__(self, columns: Columns, by: AnsweredBy) -> None:
        self._columns, self._by = columns, by.as_fields()
        click.echo(csv_line([*columns.names, *self._by]), nl=False)

    def write(self, row: Row) -> None:
        found = as_object(row, self._columns.labels)
        click.echo(csv_line([*self._columns.cells(found), *self._by.values()]), nl=False)

    def close(self) -> None:
        pass


def printing(style: str | None, columns: Columns, by: AnsweredBy, width: int) -> Printing:
    """``style``: "json", "jsonl", "csv", or None for lines whose names take ``width``."""
    if style == "json":
        return JsonArray(columns.labels)
    if style == "jsonl":
        return JsonLines(columns.labels)
    return Csv(columns, by) if style == "csv" else Lines(width)

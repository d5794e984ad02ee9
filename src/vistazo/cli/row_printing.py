"""Answers on the standard output, each as soon as it is there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

import click

from vistazo.cli.picture_rows import Row, as_object, cells, columns, csv_line, in_words


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
    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels
        click.echo(csv_line(columns(labels)), nl=False)

    def write(self, row: Row) -> None:
        click.echo(csv_line(cells(as_object(row, self._labels), self._labels)), nl=False)

    def close(self) -> None:
        pass


def printing(style: str | None, labels: Sequence[str], width: int) -> Printing:
    """``style``: "json", "jsonl", "csv", or None for lines whose names take ``width``."""
    if style == "json":
        return JsonArray(labels)
    if style == "jsonl":
        return JsonLines(labels)
    return Csv(labels) if style == "csv" else Lines(width)

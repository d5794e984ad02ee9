"""The option ``--output``: its kind by the name, and the file behind it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from vistazo.classifier import Classifier
from vistazo.cli.answer_file import AnswerFile, CsvFormat, JsonLinesFormat
from vistazo.rows import parquet
from vistazo.rows.answered_by import AnsweredBy
from vistazo.rows.picture_rows import Columns

_KINDS = (".csv", ".jsonl", ".parquet")


def check_output(path: Path) -> None:
    """Before a model is read. Raises SettingsError, and UsageError for a name that says no kind."""
    if path.suffix.lower() not in _KINDS:
        raise click.UsageError(f"--output takes a file of these: {', '.join(_KINDS)}.")
    if not path.parent.is_dir():
        raise click.UsageError(f"There is no folder {path.parent}.")
    if path.suffix.lower() == ".parquet":
        parquet.check_installed()


@contextlib.contextmanager
def answers_in(path: Path, classifier: Classifier) -> Iterator[AnswerFile]:
    """The file, open for the rows that it does not hold yet. Raises SettingsError where it is
    somebody else's, or another model's.
    """
    columns, by = Columns.of(classifier), AnsweredBy.of(classifier)
    kind = path.suffix.lower()
    if kind == ".csv":
        with AnswerFile.opened(path, CsvFormat(columns, by), by) as answers:
            yield answers
        return
    if kind == ".jsonl":
        with AnswerFile.opened(path, JsonLinesFormat(columns.labels, by), by) as answers:
            yield answers
        return
    partial = parquet.partial_of(path)
    if path.exists() and not partial.exists():
        parquet.unpack(path, columns, by)
    with AnswerFile.opened(partial, JsonLinesFormat(columns.labels, by), by) as answers:
        yield answers
        parquet.pack(path, columns)  # only where all went well

"""Pictures on the command line: from files to answers, each written as soon as it is there."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from vistazo.classifier import Classifier
from vistazo.cli.output import answers_in
from vistazo.cli.picture_files import in_words, picture_files, read_file
from vistazo.cli.row_printing import printing
from vistazo.errors import InputError
from vistazo.pictures.bulk import in_threads
from vistazo.pictures.folders import Skipped
from vistazo.rows.answered_by import AnsweredBy
from vistazo.rows.picture_rows import Columns, Row, name_of
from vistazo.service.settings import Settings
from vistazo.training.progress import Progress


@dataclass(frozen=True)
class Wanted:
    """What is asked of the pictures: ``style`` of what is printed, a file instead (``output``),
    folders for heatmaps (``explain``) and for what the model saw (``show_input``), and whether a
    folder's pictures are those of the folders below it, too.
    """

    style: str | None
    output: Path | None
    explain: Path | None
    show_input: Path | None
    goes_below: bool = True


@dataclass(frozen=True)
class _Task:
    file: Path
    heatmap: Path | None
    shown: Path | None


@dataclass
class _Tally:
    total: int
    done: int = 0
    refused: int = 0

    def add(self, *, is_refused: bool) -> None:
        self.done += 1
        self.refused += is_refused

    def __str__(self) -> str:
        without = f", {self.refused} of them without an answer" if self.refused else ""
        pictures = "picture" if self.done == 1 else "pictures"
        return f"{self.done} {pictures}{without}"


def predict_pictures(
    classifier: Classifier, paths: Sequence[Path], settings: Settings, wanted: Wanted
) -> int:
    """Classify and write; give the exit status. Of a folder the names are held, and some answers:
    never all.
    """
    _make(wanted.explain)
    _make(wanted.show_input)
    tally, width, skipped = _Tally(0), 0, Skipped()
    for file in picture_files(paths, skipped, goes_below=wanted.goes_below):
        tally.total, width = tally.total + 1, max(width, len(name_of(file)))
    for line in in_words(skipped):
        click.echo(line, err=True)
    asking = _Asking(classifier, settings, tally, Progress())
    tasks = _tasks(paths, wanted)
    if wanted.output is not None:
        asking.write_to(wanted.output, tasks)
    else:
        asking.print_as(wanted.style, tasks, width)
    return 1 if tally.refused else 0


@dataclass(frozen=True)
class _Asking:
    """The classifier about one picture after the other, on all threads."""

    classifier: Classifier
    settings: Settings
    tally: _Tally
    progress: Progress

    def print_as(self, style: str | None, tasks: Iterable[_Task], width: int) -> None:
        notice = self.classifier.card.own_notice
        if style is None and notice:
            click.echo(notice, err=True)
        columns, by = Columns.of(self.classifier), AnsweredBy.of(self.classifier)
        with (
            contextlib.closing(printing(style, columns, by, width)) as printer,
            self._told_how_to_go_on("With --output FILE the same command could go on from there."),
        ):
            for row in self._rows(tasks):
                if sys.stdout.isatty():
                    self.progress.clear()
                printer.write(row)
                self._count(row)

    def write_to(self, output: Path, tasks: Iterable[_Task]) -> None:
        """What the file holds already is left out. Raises SettingsError."""
        with (
            answers_in(output, self.classifier) as answers,
            self._told_how_to_go_on("The same command goes on from there."),
        ):
            for row in self._rows(self._left(tasks, answers.done)):
                answers.write(row)
                self._count(row)
        click.echo(f"{output}: {self.tally}")

    def _left(self, tasks: Iterable[_Task], done: Mapping[str, bool]) -> Iterator[_Task]:
        for task in tasks:
            is_refused = done.get(name_of(task.file))
            if is_refused is None:
                yield task
            else:
                self.tally.add(is_refused=is_refused)

    def _rows(self, tasks: Iterable[_Task]) -> Iterator[Row]:
        work = partial(_classify, self.classifier, self.settings.max_upload_bytes)
        return in_threads(work, tasks, self.settings.threads)

    def _count(self, row: Row) -> None:
        self.tally.add(is_refused=row.error is not None)
        if self.tally.total > 1:
            self.progress.bar("classifying", self.tally.done, self.tally.total)

    @contextlib.contextmanager
    def _told_how_to_go_on(self, how: str) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt:
            self.progress.say(f"Stopped after {self.tally.done} of {self.tally.total}. {how}")
            raise
        finally:
            self.progress.clear()


def _tasks(paths: Iterable[Path], wanted: Wanted) -> Iterator[_Task]:
    heatmaps, inputs = _Targets(wanted.explain, ".png"), _Targets(wanted.show_input, ".input.png")
    for file in picture_files(paths, goes_below=wanted.goes_below):
        yield _Task(file, heatmaps.of(file), inputs.of(file))


class _Targets:
    """Where what is made of each file goes: ``part.jpg.png``, numbered where two share a name."""

    def __init__(self, folder: Path | None, ending: str) -> None:
        self._folder, self._ending = folder, ending
        self._met: Counter[str] = Counter()

    def of(self, file: Path) -> Path | None:
        if self._folder is None:
            return None
        self._met[file.name] += 1
        number = f".{self._met[file.name]}" if self._met[file.name] > 1 else ""
        return self._folder / f"{file.name}{number}{self._ending}"


def _make(folder: Path | None) -> None:
    """Raises UsageError where it cannot be made."""
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.UsageError(f"{folder} cannot be made: {error.strerror}.") from error


def _classify(classifier: Classifier, max_bytes: int, task: _Task) -> Row:
    try:
        data = read_file(task.file, max_bytes)
        if task.shown is not None:  # first: a picture that the model then refuses is shown too
            task.shown.write_bytes(classifier.seen(data).png())
        if task.heatmap is None:
            return Row(task.file, classifier.classify(data), None)
        prediction, png = classifier.overlay(data)
    except InputError as error:
        return Row(task.file, None, error.with_traceback(None))
    task.heatmap.write_bytes(png)
    return Row(task.file, prediction, None)

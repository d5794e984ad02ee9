"""A file that answers are written to as they come, and that a later run goes on with.

Each record says what it was answered by: a run goes on only where all were answered by the model,
the card and the baseline that it has itself. A record that a kill cut short is taken away; whatever
else is not as it would have been written is refused in words, and left as it is.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Protocol

from vistazo.errors import SettingsError
from vistazo.rows.answered_by import AnsweredBy
from vistazo.rows.csv_cells import csv_line, unguarded
from vistazo.rows.one_writer import be_its_writer
from vistazo.rows.picture_rows import ERROR, FILE, Columns, Row, as_object

_MOST_BYTES = 1_000_000  # of one record: more is somebody's other file


@dataclass(frozen=True)
class Stored:
    """A record as it was read: of which picture, whether it has an answer, and whose."""

    name: str
    is_refused: bool
    by: AnsweredBy


class Format(Protocol):
    head: bytes
    """What stands before the records."""

    begins: bytes
    """How every file begins, whatever is in it."""

    def record(self, row: Row) -> bytes: ...

    def ends(self, read: bytes) -> bool:
        """Whether what has been read, up to a line end, is a whole record."""

    def stored(self, record: bytes) -> Stored | None:
        """None for one that is no such record."""


class JsonLinesFormat:
    head, begins = b"", b'{"file": '

    def __init__(self, labels: Sequence[str], by: AnsweredBy) -> None:
        self._labels, self._by = labels, by

    def record(self, row: Row) -> bytes:
        found = as_object(row, self._labels) | self._by.as_fields()
        return json.dumps(found, ensure_ascii=False).encode() + b"\n"

    def ends(self, read: bytes) -> bool:  # noqa: ARG002 - a text has no bare line end
        return True

    def stored(self, record: bytes) -> Stored | None:
        try:
            found = json.loads(record)
            return Stored(str(found[FILE]), ERROR in found, AnsweredBy.of_fields(found))
        except (ValueError, LookupError, TypeError):
            return None


class CsvFormat:
    def __init__(self, columns: Columns, by: AnsweredBy) -> None:
        self._of, self._by = columns, by
        self._columns = [*columns.names, *by.as_fields()]
        self.head = self.begins = csv_line(self._columns).encode()

    def record(self, row: Row) -> bytes:
        values = self._of.cells(as_object(row, self._of.labels))
        return csv_line([*values, *self._by.as_fields().values()]).encode()

    def ends(self, read: bytes) -> bool:
        return read.count(b'"') % 2 == 0

    def stored(self, record: bytes) -> Stored | None:
        try:
            [values] = csv.reader([record.decode()], strict=True)
            found = dict(zip(self._columns, values, strict=True))
        except (ValueError, csv.Error):
            return None
        return Stored(unguarded(found[FILE]), bool(found[ERROR]), AnsweredBy.of_fields(found))


class AnswerFile:
    """Open for writing; of one run at a time. ``done`` are the names of the pictures that it held
    already, and whether they had no answer.
    """

    def __init__(self, path: Path, form: Format, file: FileIO) -> None:
        self.done: dict[str, bool] = {}
        self._path, self._form, self._file = path, form, file

    @staticmethod
    @contextlib.contextmanager
    def opened(path: Path, form: Format, by: AnsweredBy) -> Iterator[AnswerFile]:
        """Made where there is none. Raises SettingsError where it is not what a run with ``by``
        would have left, or cannot be written.
        """
        with _opened(path) as file:
            answers = AnswerFile(path, form, file)
            answers._go_on(by)
            yield answers

    def write(self, row: Row) -> None:
        """Whole, and out of this process: a kill loses none. Raises SettingsError."""
        self._append(self._form.record(row))

    def close(self) -> None:
        """For nothing: each row is written whole."""

    def _append(self, data: bytes) -> None:
        left = memoryview(data)
        with _in_words(self._path):
            while left:
                left = left[self._file.write(left) :]

    def _go_on(self, by: AnsweredBy) -> None:
        with _in_words(self._path), self._path.open("rb") as file:
            whole = self._read(file, by)
            file.seek(whole)
            rest = file.read(_MOST_BYTES)
        if not whole and not self._is_ours(rest):
            raise SettingsError(_foreign(self._path))
        with _in_words(self._path):
            self._file.truncate(whole)
            self._file.seek(whole)
        if not whole:
            self._append(self._form.head)

    def _is_ours(self, rest: bytes) -> bool:
        """Of a file without a whole record: whether a run was killed when it had just begun."""
        begins = self._form.begins
        return rest.startswith(begins) or begins.startswith(rest)

    def _read(self, file: BinaryIO, by: AnsweredBy) -> int:
        """How many bytes hold whole records."""
        whole, left = 0, self._form.head
        for record, end in _records(file, self._form.ends, self._path):
            if left:
                if record != left:
                    raise SettingsError(_foreign(self._path))
                left = b""
            else:
                self._remember(self._form.stored(record), by)
            whole = end
        return whole

    def _remember(self, stored: Stored | None, by: AnsweredBy) -> None:
        if stored is None:
            raise SettingsError(_foreign(self._path))
        by.check(stored.by, self._path)
        self.done[stored.name] = stored.is_refused


def _records(
    file: BinaryIO, ends: Callable[[bytes], bool], path: Path
) -> Iterator[tuple[bytes, int]]:
    """Each whole record, and where it ends; what was cut short is left out."""
    read, end = b"", 0
    while line := file.readline(_MOST_BYTES):
        read, end = read + line, end + len(line)
        if len(read) >= _MOST_BYTES:
            raise SettingsError(_foreign(path))
        if line.endswith(b"\n") and ends(read):
            yield read, end
            read = b""


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[FileIO]:
    if path.exists() and not path.is_file():
        raise SettingsError(f"{path} is no file that answers could be written to.")
    with _in_words(path):
        number = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    with FileIO(number, "r+b") as file:
        be_its_writer(file, str(path))
        yield file


@contextlib.contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be written: {error.strerror or error}. What it holds is kept: the same "
            "command goes on from there."
        ) from error


def _foreign(path: Path) -> str:
    return (
        f"{path} is there already, and not as these answers would have left it: other columns, or "
        "no answers at all. Name another file."
    )

"""From a name in an archive to a row: an answer, or why there is none."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from threading import Semaphore
from typing import Any

from vistazo.classifier import Classifier
from vistazo.errors import InputError, UnreadableFileError, VistazoError
from vistazo.pictures.bulk import in_threads
from vistazo.rows.answered_by import AnsweredBy
from vistazo.rows.picture_rows import Columns, as_object, name_of
from vistazo.rows.picture_rows import Row as Answered
from vistazo.scale.archive.part import Row
from vistazo.scale.archive.source import Archive, Entry

log = logging.getLogger(__name__)

CODE, SIZE = "code", "size_bytes"


def runtime_of(classifier: Classifier) -> str:
    of = classifier.runtime
    return f"{of.engine} {of.version} {of.device} {of.precision}"


def columns_of(classifier: Classifier) -> Columns:
    """Those of ``predict``, why there is no answer as a code, and how many bytes were read."""
    return Columns.of(classifier, ((CODE, str), (SIZE, int)))


@dataclass(frozen=True)
class ComputesWith:
    """Rows of two that have the same are one table: the model, what decides beside it, and what
    runs it.
    """

    by: AnsweredBy
    runtime: str

    def __str__(self) -> str:
        return f"{self.by.model_sha256[:12]}, {self.by.card_sha256[:12]}, {self.runtime}"


class Scorer:
    """``classifier`` has a reader whose decoders may die: what an archive holds was made by
    strangers. At most ``threads`` pictures are in work at once, and one more while another's is
    being decoded; beside these some more are read, where reading takes its time.
    """

    def __init__(
        self, classifier: Classifier, archive: Archive, max_bytes: int, threads: int
    ) -> None:
        self._classifier, self._archive, self._max_bytes = classifier, archive, max_bytes
        self.computes_with = ComputesWith(AnsweredBy.of(classifier), runtime_of(classifier))
        self._by = self.computes_with.by.as_fields()
        at_once = threads + (threads > 1)
        self._turns = Semaphore(at_once)
        self._threads = at_once + archive.reads_at_once

    def rows(self, entries: Iterable[Entry]) -> Generator[Row, None, None]:
        """In their order. Raises VistazoError where no picture could be answered now."""
        return in_threads(self._row, entries, self._threads)

    def check_storage(self, rows: Sequence[Row]) -> None:
        """Where a file could not be read: is it the file, or is the archive gone? Raises
        SettingsError for that.
        """
        if any(row.get(CODE) == UnreadableFileError.code for row in rows):
            self._archive.check()

    def refused(self, entry: Entry, error: VistazoError) -> Row:
        return self._as_row(Answered(name_of(entry.name), None, error), None)

    def _row(self, entry: Entry) -> Row:
        n_bytes = None
        try:
            data = self._archive.read(entry, self._max_bytes)
            n_bytes = len(data)
            with self._turns:
                answered = Answered(entry.name, self._classifier.classify(data), None)
        except InputError as error:
            answered = Answered(entry.name, None, error.with_traceback(None))
        except (VistazoError, MemoryError):
            raise
        # The boundary of one picture: a defect of ours, or of a runtime, costs its row alone.
        except Exception:
            log.exception("unexpected error over a picture of the archive")
            said = "An internal error: the log has it."
            answered = Answered(entry.name, None, VistazoError(said))
        return self._as_row(answered, n_bytes)

    def _as_row(self, answered: Answered, n_bytes: int | None) -> dict[str, Any]:
        found = as_object(answered, self._classifier.card.labels)
        return found | {SIZE: n_bytes} | self._by

"""X-rays that wait become reports; what the model refuses is noted, and done."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from typing import Protocol

from vistazo.errors import InputError, RejectedUploadError, UnavailableError
from vistazo.pacs.ledger import Entry
from vistazo.pacs.patience import Patience
from vistazo.pacs.spool import Made, Spool, age_s
from vistazo.service.telemetry import of_request

log = logging.getLogger(__name__)

_MOST = 64
# What an X-ray is, whatever bytes it comes in. Others may be of a transfer that was cut off.
_OF_THE_HEADER = frozenset({"modality", "view", "age", "sop_class"})
_OTHER_INSTANCE = "other_instance"  # the header names one, and what sent it another


@dataclass(frozen=True)
class Reported:
    """``uid`` is the SOP Instance UID in the header of the X-ray, empty where it is not told."""

    uid: str
    files: tuple[Made, ...]


class Reporter(Protocol):
    """Safe to use from several threads at once."""

    def report(self, data: bytes) -> Reported:
        """The same UIDs for the same X-ray and model. Raises InputError where it is refused."""
        ...


@dataclass
class Reporting:
    """``report_next`` is for any number of threads."""

    spool: Spool
    reporter: Reporter
    patience: Patience = field(default_factory=Patience)
    _taken: set[str] = field(default_factory=set)
    _taking: threading.Lock = field(default_factory=threading.Lock)

    def report_next(self) -> bool:
        """One that is due; False where there is none."""
        entry = self._take()
        if entry is None:
            return False
        try:
            with of_request(entry.key):  # errors are logged without words that may quote a header
                self._report(entry)
        finally:
            with self._taking:
                self._taken.remove(entry.key)
        return True

    def _take(self) -> Entry | None:
        with self._taking:
            for entry in self.spool.ledger.due("waiting", _MOST):
                if entry.key not in self._taken:
                    self._taken.add(entry.key)
                    return entry
        return None

    def _report(self, entry: Entry) -> None:
        try:
            reported = self.reporter.report(self.spool.picture(entry.key))
            if reported.uid and self.spool.ledger.key_of(reported.uid) != entry.key:
                self._refuse(entry, [_OTHER_INSTANCE])
                return
            self.spool.keep_reports(entry.key, reported.files)
        except InputError as error:
            self._refuse(entry, _rules_of(error))
        except (UnavailableError, OSError, sqlite3.Error) as error:  # not the fault of what came
            self._postpone(entry, type(error).__name__, age_s(entry, time.time()))
        # The boundary of one X-ray: a defect of ours costs its report alone, and is told.
        except Exception as error:
            log.exception("unexpected error over an X-ray")
            self._postpone(entry, type(error).__name__)

    def _refuse(self, entry: Entry, rules: list[str]) -> None:
        said = ", ".join(rules)
        if _OF_THE_HEADER.isdisjoint(rules):
            self.spool.refuse_bytes(entry.key, said)
        else:
            self.spool.end(entry.key, "refused", said)
        log.info("an X-ray was refused", extra={"instance": entry.key, "rule": said})

    def _postpone(self, entry: Entry, why: str, waited_s: float | None = None) -> None:
        """``waited_s`` is what counts in place of tries, where it is given."""
        is_last = entry.tries + 1 >= self.patience.defects
        if waited_s is not None:
            is_last = waited_s > self.patience.give_up_s
        if is_last:
            self.spool.end(entry.key, "failed", f"No report could be made: {why}.")
            log.error("a report was given up", extra={"instance": entry.key, "reason": why})
            return
        self.spool.ledger.postponed(entry.key, self.patience.wait_s(entry.tries + 1), why)


def _rules_of(error: InputError) -> list[str]:
    if isinstance(error, RejectedUploadError):
        return [broken.rule for broken in error.broken]
    return [error.code]

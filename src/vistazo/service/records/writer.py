"""The one thread that writes: a request only lays down what is to be kept, and goes on.

What comes within a second is written together. Feedback is written at once, behind the answers
that came before it, and whoever gave it is answered when it is on the disk. What cannot be written
is tried again, as long as there is room for it to wait.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event, Thread

from vistazo.errors import SettingsError, VistazoError
from vistazo.service.records.answer_record import AnswerRecord, Judged
from vistazo.service.records.database import transaction
from vistazo.service.records.kept_pictures import sweep
from vistazo.service.records.ledger import Ledger
from vistazo.service.records.open_file import OpenFile
from vistazo.service.records.retention import prune
from vistazo.service.records.settings import RecordsPolicy
from vistazo.service.records.waiting_room import Waiting, WaitingFeedback, WaitingRoom

log = logging.getLogger(__name__)

_TOGETHER_S = 1.0
_PAUSE_S = 3.0  # after what could not be written
_PRUNED_EACH_S = 60.0
_IDLE_S = 3600.0  # so that what is too old goes where nobody asks anything, too
_ROW_BYTES = 400  # on the disk, roughly
_PRUNED_EACH_SHARE = 0.02  # of what may be kept


@dataclass
class _Pruning:
    """When it is time for it: after a while, or after much."""

    max_bytes: int
    since_s: float = float("-inf")
    n_bytes: float = 0

    def is_due(self) -> bool:
        is_much = self.n_bytes > self.max_bytes * _PRUNED_EACH_SHARE
        return is_much or time.monotonic() - self.since_s > _PRUNED_EACH_S

    def done(self) -> None:
        self.since_s, self.n_bytes = time.monotonic(), 0


class RecordWriter:
    """``written`` and ``lost`` count by what it was, ``judged`` by whether feedback agreed."""

    def __init__(self, policy: RecordsPolicy) -> None:
        self.written = Counter({"answer": 0, "picture": 0, "feedback": 0})
        self.judged = Counter({"true": 0, "false": 0})
        self.room = WaitingRoom()
        self._lost = Counter({"answer": 0, "picture": 0})
        self._policy = policy
        self._file = OpenFile(policy)
        self._pruning = _Pruning(policy.max_bytes)
        self._thread = Thread(target=self._work, name="records", daemon=True)
        self._has_closed = Event()
        self._is_failing = self._is_stuck = self._has_swept = False

    @property
    def lost(self) -> dict[str, int]:
        return {
            "answer": self._lost["answer"] + self.room.lost_answers,
            "picture": self._lost["picture"] + self.room.lost_pictures,
        }

    def start(self) -> None:
        """Raises SettingsError where there is no place for records."""
        self._file.opened()
        self._thread.start()

    def close(self) -> None:
        """Once what waits has been written, or could not be."""
        self.room.close()
        self._has_closed.set()
        if self._thread.is_alive():
            self._thread.join()
        self._file.close()

    # ---- in the thread

    def _work(self) -> None:
        is_last = False
        while not is_last:
            if not self.room.is_closed:
                self._prune()
            is_last = self.room.is_closed  # before: what came until then is taken below
            group = self.room.take(_TOGETHER_S, 0 if self._pruning.is_due() else _IDLE_S)
            if group:
                self._write_or_put_back(group)
            if self._is_failing:
                self._has_closed.wait(_PAUSE_S)

    def _write_or_put_back(self, group: Sequence[Waiting]) -> None:
        try:
            self._write(group)
        except (sqlite3.Error, SettingsError) as error:
            self._file.after(error)
            self._tell(error)
            self._give_up(group, keeps_answers=not self.room.is_closed)
        except Exception:  # the boundary of a thread: the next group may do better
            log.exception("unexpected error while records were written")
            self._give_up(group, keeps_answers=False)

    def _write(self, group: Sequence[Waiting]) -> None:
        """In one transaction, in their order; then whoever waits is told."""
        database, ledger = self._file.opened()
        judged: list[tuple[WaitingFeedback, Judged | VistazoError]] = []
        n_pictures = 0
        # What was acknowledged outlives a loss of power, and with it all that came before it. For
        # answers alone the disk need not be waited for: that is most of what a record costs.
        is_waited_for = any(isinstance(each, WaitingFeedback) for each in group)
        database.execute(f"PRAGMA synchronous = {'FULL' if is_waited_for else 'NORMAL'}")
        with transaction(database):
            for each in group:
                if isinstance(each, AnswerRecord):
                    n_pictures += ledger.write(each)
                else:
                    judged.append((each, _judged(ledger, each)))
        self.room.release(group)
        for waiting, outcome in judged:
            self._settle(waiting, outcome)
        self._count([each for each in group if isinstance(each, AnswerRecord)], n_pictures)
        if self._is_failing:
            self._is_failing = False
            log.warning("records are written again", extra={"lost": self.lost["answer"]})

    def _settle(self, waiting: WaitingFeedback, outcome: Judged | VistazoError) -> None:
        if isinstance(outcome, Judged):
            self.written["feedback"] += 1
            self.judged["true" if outcome.agrees else "false"] += 1
        waiting.settle(outcome)

    def _count(self, answers: Sequence[AnswerRecord], n_pictures: int) -> None:
        pictures = [len(each.picture) for each in answers if each.picture is not None]
        self.written["answer"] += len(answers)
        self.written["picture"] += n_pictures
        self._lost["picture"] += len(pictures) - n_pictures
        self._pruning.n_bytes += len(answers) * _ROW_BYTES + sum(pictures)

    def _give_up(self, group: Sequence[Waiting], *, keeps_answers: bool) -> None:
        """Whoever waits is told. Answers wait for the next attempt, or are lost."""
        answers = [each for each in group if isinstance(each, AnswerRecord)]
        told = [each for each in group if isinstance(each, WaitingFeedback)]
        self.room.release(told)
        for each in told:
            each.fail()
        if keeps_answers:
            self.room.put_back(answers)
            return
        self.room.release(answers)
        self._lost["answer"] += len(answers)
        self._lost["picture"] += sum(each.picture is not None for each in answers)

    def _prune(self) -> None:
        if not self._pruning.is_due():
            return
        try:
            database, _ = self._file.opened()
            if not self._has_swept:
                sweep(database, self._policy.folder)
                self._has_swept = True
            if prune(database, self._policy):
                self._pruning.done()
                self._is_stuck = False
        except Exception as error:  # the boundary of a thread: records are written all the same
            self._file.after(error)
            self._pruning.done()
            if not self._is_stuck:
                self._is_stuck = True
                log.error("old records cannot be removed", extra={"reason": str(error)})

    def _tell(self, error: Exception) -> None:
        """Once, until it goes well again."""
        if not self._is_failing:
            self._is_failing = True
            log.error("records cannot be written", extra={"reason": str(error)})


def _judged(ledger: Ledger, waiting: WaitingFeedback) -> Judged | VistazoError:
    try:
        return ledger.judge(waiting.feedback)
    except VistazoError as error:
        return error

"""What waits to be written: bounded, whatever is asked of the service and however slow the disk is.

Laying an answer down takes microseconds and waits for nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from threading import Event, Lock

from vistazo.errors import FeedbackNotKeptError, QueueFullError, VistazoError
from vistazo.service.records.answer_record import AnswerRecord, Feedback, Judged

# In numbers of answers, 3 MB or so where the disk takes nothing: each further label of a model is a
# number more.
_MOST_NUMBERS = 60_000
_NUMBERS_OF_ANSWER = 10
# From here on they are written at once, fifty answers or so: no request meets a thread that has
# more than a millisecond to do.
_SOON_NUMBERS = 600
_MOST_PICTURE_BYTES = 16_000_000
_MOST_FEEDBACK = 1_000

_TOO_MUCH = "Too much feedback at once. Send this again shortly."
_NOT_KEPT = "This could not be written down: the log of the service says why. Send it again later."


@dataclass(frozen=True, slots=True, eq=False)
class WaitingFeedback:
    """Feedback whose sender waits for the ``outcome``."""

    feedback: Feedback
    outcome: Future[Judged]

    def settle(self, told: Judged | VistazoError) -> None:
        """Unless its sender waits no more."""
        if not self.outcome.set_running_or_notify_cancel():
            return
        if isinstance(told, VistazoError):
            self.outcome.set_exception(told)
        else:
            self.outcome.set_result(told)

    def fail(self) -> None:
        self.settle(FeedbackNotKeptError(_NOT_KEPT))


Waiting = AnswerRecord | WaitingFeedback


class WaitingRoom:
    """Many lay down, one takes. ``lost`` counts what found no room."""

    def __init__(self) -> None:
        self.lost_answers = self.lost_pictures = 0
        self._lock = Lock()
        self._has_some, self._is_urgent = Event(), Event()
        self._waiting: list[Waiting] = []
        self._numbers = self._picture_bytes = self._n_feedback = 0
        self._is_closed = False

    def lay_down(self, answer: AnswerRecord) -> None:
        """Without its picture where there is no room for that; not at all where there is none."""
        numbers, n_bytes = _numbers_of(answer), _picture_bytes_of(answer)
        with self._lock:
            if self._is_closed or self._numbers + numbers > _MOST_NUMBERS:
                self.lost_answers += 1
                return
            if self._picture_bytes + n_bytes > _MOST_PICTURE_BYTES:
                self.lost_pictures += 1
                answer, n_bytes = replace(answer, picture=None), 0
            self._numbers += numbers
            self._picture_bytes += n_bytes
            self._waiting.append(answer)
            self._has_some.set()
            if self._numbers > _SOON_NUMBERS or 2 * self._picture_bytes > _MOST_PICTURE_BYTES:
                self._is_urgent.set()

    def add(self, feedback: Feedback) -> Future[Judged]:
        """Behind all answers that came before it. Raises QueueFullError, FeedbackNotKeptError."""
        outcome: Future[Judged] = Future()
        with self._lock:
            if self._is_closed:
                raise FeedbackNotKeptError(_NOT_KEPT)
            if self._n_feedback >= _MOST_FEEDBACK:
                raise QueueFullError(_TOO_MUCH)
            self._n_feedback += 1
            self._waiting.append(WaitingFeedback(feedback, outcome))
            self._has_some.set()
            self._is_urgent.set()
        return outcome

    def close(self) -> None:
        """Nothing comes in any more."""
        with self._lock:
            self._is_closed = True
            self._has_some.set()
            self._is_urgent.set()

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def take(self, together_s: float, longest_s: float) -> list[Waiting]:
        """All that waits: what came first has waited ``together_s``, or less where it is urgent.
        Where nothing comes, nothing, after ``longest_s``. Their room is not free yet.
        """
        if self._has_some.wait(longest_s):
            self._is_urgent.wait(together_s)
        with self._lock:
            taken, self._waiting = self._waiting, []
            if not self._is_closed:
                self._has_some.clear()
                self._is_urgent.clear()
        return taken

    def put_back(self, answers: list[AnswerRecord]) -> None:
        """Before all others: they are taken again."""
        with self._lock:
            self._waiting[:0] = answers
            if answers:
                self._has_some.set()

    def release(self, taken: Iterable[Waiting]) -> None:
        """Their room is free."""
        with self._lock:
            for each in taken:
                if isinstance(each, AnswerRecord):
                    self._numbers -= _numbers_of(each)
                    self._picture_bytes -= _picture_bytes_of(each)
                else:
                    self._n_feedback -= 1


def _numbers_of(answer: AnswerRecord) -> int:
    decision = answer.prediction.decision
    return _NUMBERS_OF_ANSWER + len(decision.probabilities or ())


def _picture_bytes_of(answer: AnswerRecord) -> int:
    return 0 if answer.picture is None else len(answer.picture)

"""Records of answers and feedback, for the service: one file, one thread, one place to ask."""

from __future__ import annotations

from concurrent.futures import Future

from vistazo.classifier import ModelIdentity
from vistazo.service.records.answer_record import AnswerRecord, Feedback, Judged
from vistazo.service.records.settings import RecordsPolicy
from vistazo.service.records.summary import SummaryReader
from vistazo.service.records.worth import Worth
from vistazo.service.records.writer import RecordWriter


class Records:
    """Safe to use from several threads. Made by ``opened``."""

    def __init__(self, policy: RecordsPolicy) -> None:
        self.policy = policy
        self._writer = RecordWriter(policy)
        self._reader = SummaryReader(policy.folder)

    @staticmethod
    def opened(policy: RecordsPolicy) -> Records:
        """Raises SettingsError where there is no place for them."""
        records = Records(policy)
        records._writer.start()
        return records

    def keep(self, answer: AnswerRecord) -> None:
        """Waits for nothing: what finds no room is lost, and counted."""
        self._writer.room.lay_down(answer)

    def judge(self, feedback: Feedback) -> Future[Judged]:
        """Done when it is on the disk. It raises UnknownRequestError, UnknownLabelError, and
        FeedbackNotKeptError.

        Raises QueueFullError, FeedbackNotKeptError.
        """
        return self._writer.room.add(feedback)

    def worth(self, model: ModelIdentity) -> Worth:
        """What feedback says of this model's answers, a few seconds ago perhaps. Waits for the
        disk. Raises FeedbackNotKeptError where it cannot be read.
        """
        return self._reader.worth(model)

    @property
    def written(self) -> dict[str, int]:
        """How many, by what: answer, picture, feedback."""
        return dict(self._writer.written)

    @property
    def lost(self) -> dict[str, int]:
        """How many, by what: answer, picture."""
        return self._writer.lost

    @property
    def judged(self) -> dict[str, int]:
        """How much feedback, by whether it agreed with the answer: true, false."""
        return dict(self._writer.judged)

    def close(self) -> None:
        """Once all that waits has been written."""
        self._writer.close()

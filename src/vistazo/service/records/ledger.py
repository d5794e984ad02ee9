"""Answers and feedback, written into the file of records within one transaction."""

from __future__ import annotations

import json
import logging
import sqlite3
import time

from vistazo.errors import UnknownLabelError, UnknownRequestError
from vistazo.service.records.answer_record import AnswerRecord, Feedback, Judged
from vistazo.service.records.kept_pictures import keep_picture
from vistazo.service.records.settings import RecordsPolicy

log = logging.getLogger(__name__)

_DECIMALS = 6
_UNKNOWN = (
    "No answer of this request_id and index is kept that was given to you: it may be older than "
    "what is kept (RECORDS_KEEP_DAYS), or was given to another key."
)


class Ledger:
    """For one thread, and one open file."""

    def __init__(self, database: sqlite3.Connection, policy: RecordsPolicy) -> None:
        self._database = database
        self._policy = policy
        self._has_told = False
        self._models: dict[tuple[object, tuple[str, ...]], int] = {}

    def write(self, answer: AnswerRecord) -> bool:
        """Says whether its picture is kept, too. Raises sqlite3.Error."""
        decision, picture = answer.prediction.decision, self._keep_picture(answer)
        self._database.execute(
            "INSERT INTO answers (request_id, place, at_ms, model, owner, caller, predicted_class,"
            " confidence, probabilities, scores, warnings, picture)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                answer.request_id,
                answer.index,
                answer.at_ms,
                self._model(answer),
                answer.caller.owner,
                answer.caller.name,
                decision.predicted_class,
                decision.confidence,
                _numbers(decision.probabilities),
                _numbers(getattr(decision, "scores", None)),
                " ".join(decision.warnings),
                picture,
            ),
        )
        return picture is not None

    def judge(self, feedback: Feedback) -> Judged:
        """Of several answers with the same name the last one. What was said of it before is
        replaced.

        Raises UnknownRequestError, UnknownLabelError, sqlite3.Error.
        """
        if not feedback.request_id.isascii():  # nor half a character, which no file holds
            raise UnknownRequestError(_UNKNOWN)
        found = self._database.execute(
            "SELECT answers.id, predicted_class, labels FROM answers"
            " JOIN models ON models.id = answers.model"
            " WHERE request_id = ? AND place = ? AND owner = ? ORDER BY answers.id DESC LIMIT 1",
            (feedback.request_id, feedback.index, feedback.caller.owner),
        ).fetchone()
        if found is None:
            raise UnknownRequestError(_UNKNOWN)
        row, predicted, labels = found[0], str(found[1]), json.loads(found[2])
        if feedback.label not in labels:
            raise UnknownLabelError(
                f"The model of that answer has no such label. It has {', '.join(labels)}."
            )
        self._database.execute(
            "UPDATE answers SET label = ?, judged_ms = ? WHERE id = ?",
            (feedback.label, int(time.time() * 1000), row),
        )
        return Judged(predicted, predicted == feedback.label)

    def forget_models(self) -> None:
        """After a transaction that was undone: their numbers may be."""
        self._models.clear()

    def _keep_picture(self, answer: AnswerRecord) -> str | None:
        """Without it the answer is kept all the same."""
        if answer.picture is None:
            return None
        try:
            return keep_picture(self._database, self._policy.folder, answer.picture)
        except OSError as error:
            if not self._has_told:
                self._has_told = True
                reason = error.strerror or str(error)
                log.error("pictures cannot be kept", extra={"reason": reason})
            return None

    def _model(self, answer: AnswerRecord) -> int:
        key = (answer.model, answer.labels)
        if key not in self._models:
            model = answer.model
            named = (model.sha256, model.name, model.version, json.dumps(answer.labels))
            self._database.execute(
                "INSERT OR IGNORE INTO models (sha256, name, version, labels) VALUES (?, ?, ?, ?)",
                named,
            )
            [found] = self._database.execute(
                "SELECT id FROM models"
                " WHERE sha256 = ? AND name = ? AND version = ? AND labels = ?",
                named,
            ).fetchone()
            self._models[key] = int(found)
        return self._models[key]


def _numbers(values: tuple[float, ...] | None) -> str | None:
    """As JSON."""
    return None if values is None else json.dumps([round(each, _DECIMALS) for each in values])

"""What feedback says of the model that answers: the part "feedback" of GET /drift."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from vistazo.answers.reference import Reference
from vistazo.classifier import ModelIdentity
from vistazo.errors import FeedbackNotKeptError
from vistazo.service.records.concept_drift import ConceptDrift, State, concept_drift
from vistazo.service.records.worth import Period, Share, Worth

if TYPE_CHECKING:
    from vistazo.service.records.records import Records

log = logging.getLogger(__name__)


class AccuracyShare(BaseModel):
    """With its 95 % interval (Wilson)."""

    value: float
    low: float
    high: float

    @staticmethod
    def of(share: Share) -> AccuracyShare:
        return AccuracyShare(value=share.value, low=share.low, high=share.high)


class AccuracyInTime(BaseModel):
    """Of the judged answers that were given in this time."""

    model_config = ConfigDict(serialize_by_alias=True)

    from_: datetime = Field(alias="from")
    to: datetime
    answers: int
    accuracy: float
    low: float
    high: float

    @staticmethod
    def of(period: Period) -> AccuracyInTime:
        share = period.accuracy
        return AccuracyInTime(
            **{"from": _time(period.from_ms)},
            to=_time(period.to_ms),
            answers=share.count,
            accuracy=share.value,
            low=share.low,
            high=share.high,
        )


class ConceptDriftAnswer(BaseModel):
    """Whether labels disagree more than where the model was measured, though inputs look alike."""

    state: State
    expected_accuracy: float | None = Field(None, description="Where the model was measured.")
    p_value: float | None = Field(
        None,
        description="How often chance alone makes the newest 100 judged answers as wrong as they "
        "are; it is told below 0.00001, because somebody looks again and again.",
    )
    inputs_look_the_same: bool | None = None
    what_to_do: dict[str, str] | None = Field(None, description="By language.")

    @staticmethod
    def of(found: ConceptDrift) -> ConceptDriftAnswer:
        return ConceptDriftAnswer(
            state=found.state,
            expected_accuracy=found.expected_accuracy,
            p_value=found.p_value,
            inputs_look_the_same=found.inputs_look_the_same,
            what_to_do=found.what_to_do,
        )


class FeedbackWorth(BaseModel):
    """Seldom a fair sample of all answers: people tell of what surprised them."""

    answers: int = Field(description="Of this model that are kept.")
    labelled: int = Field(description="Of these somebody said what was true.")
    accuracy: AccuracyShare | None = Field(None, description="Of the newest 5,000 of them.")
    expected_calibration_error: float | None = None
    over_time: list[AccuracyInTime]
    concept_drift: ConceptDriftAnswer

    @staticmethod
    def of(worth: Worth, drift: ConceptDrift) -> FeedbackWorth:
        return FeedbackWorth(
            answers=worth.answers,
            labelled=worth.labelled,
            accuracy=worth.accuracy and AccuracyShare.of(worth.accuracy),
            expected_calibration_error=worth.expected_calibration_error,
            over_time=[AccuracyInTime.of(period) for period in worth.over_time],
            concept_drift=ConceptDriftAnswer.of(drift),
        )


async def feedback_worth(
    records: Records | None,
    model: ModelIdentity,
    reference: Reference | None,
    *,
    inputs_look_the_same: bool | None,
) -> FeedbackWorth | None:
    """None where no records are kept, or they cannot be read now: then the log says so.

    ``inputs_look_the_same`` is None where nobody knows.
    """
    if records is None:
        return None
    try:
        worth = await asyncio.to_thread(records.worth, model)
    except FeedbackNotKeptError as error:
        log.warning("records cannot be read", extra={"reason": str(error.__cause__)})
        return None
    return FeedbackWorth.of(
        worth, concept_drift(worth, reference, inputs_look_the_same=inputs_look_the_same)
    )


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)

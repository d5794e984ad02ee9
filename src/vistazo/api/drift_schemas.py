"""What GET /drift answers, as pydantic models."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from vistazo.api.feedback_worth import FeedbackWorth
from vistazo.api.schemas import Model
from vistazo.service.drift import advice
from vistazo.service.drift.monitor import Report, State
from vistazo.service.drift.quantities import Kind
from vistazo.service.drift.watch import Quantity

_DIGITS = 4


class DriftWindow(BaseModel):
    answers: int = Field(description="In the window now: the last ones.")
    of: int = Field(description="How many it takes.")
    is_shared: bool | None = Field(
        None,
        description="Whether those of the other instances are among them; false while Redis cannot "
        "be asked, absent without REDIS_URL.",
    )


class DriftBaseline(BaseModel):
    answers: int = Field(description="That the model gave where it was measured.")


class DriftQuantity(BaseModel):
    """One thing that is measured of each answer; ``classes`` is which class was answered."""

    name: str
    kind: Kind = Field(
        description="What has changed with it: what is sent (input), the mix of answers (output), "
        "or how sure the model is (confidence)."
    )
    psi: float = Field(
        description="Population stability index, less what chance alone gives so few answers."
    )
    js_distance: float = Field(description="Jensen-Shannon distance, 0..1.")
    p_value: float = Field(
        description="How often answers of the same kind would be as far from the baseline."
    )
    threshold_psi: float | None = Field(
        description="From here on it drifts, where the p-value is small as well: the card's "
        "drift.psi, and more where other classes come than in the baseline; null where the card "
        "says which shares the classes may have."
    )
    is_drifting: bool
    since: datetime | None
    baseline: list[float] = Field(
        description="Share of each bin, or of each label, in the baseline: at the mix of classes "
        "that is in the window."
    )
    window: list[float] = Field(description="The same in the window.")
    edges: list[float] | None = Field(None, description="Between the bins, rising.")
    labels: list[str] | None = Field(None, description="Whose shares they are, of classes.")
    what_to_do: dict[Literal["en", "es"], str] | None = Field(
        None, description="In English and Spanish, while it drifts."
    )

    @staticmethod
    def of(found: Quantity, labels: tuple[str, ...]) -> DriftQuantity:
        is_of_classes = found.kind == "output"
        return DriftQuantity(
            name=found.name,
            kind=found.kind,
            psi=round(found.distance.psi, _DIGITS),
            js_distance=round(found.distance.js_distance, _DIGITS),
            p_value=found.distance.p_value,
            threshold_psi=found.threshold,
            is_drifting=found.is_drifting,
            since=found.since,
            baseline=[round(share, _DIGITS) for share in found.baseline],
            window=[round(share, _DIGITS) for share in found.window],
            edges=None if is_of_classes else list(found.edges),
            labels=list(labels) if is_of_classes else None,
            what_to_do=advice.WHAT_TO_DO[found.kind] if found.is_drifting else None,
        )


class DriftAnswer(BaseModel):
    """Whether what is asked and answered is still like what the model was measured on."""

    model: Model
    state: State = Field(
        description="steady; drifting: one quantity at least; too_few: not enough answers yet; "
        "no_baseline: nobody knows what the model's answers were like."
    )
    window: DriftWindow
    baseline: DriftBaseline | None
    quantities: list[DriftQuantity]
    feedback: FeedbackWorth | None = Field(
        None, description="What was true of answers; absent where no records are kept."
    )

    @staticmethod
    def of(
        report: Report, feedback: FeedbackWorth | None = None, *, is_shared: bool | None = None
    ) -> DriftAnswer:
        identity, baseline = report.model, report.baseline
        window = DriftWindow(answers=report.answers, of=report.window)
        if is_shared is not None:
            window = window.model_copy(update={"is_shared": is_shared})
        answer = DriftAnswer(
            model=Model(name=identity.name, version=identity.version, sha256=identity.sha256),
            state=report.state,
            window=window,
            baseline=None if baseline is None else DriftBaseline(answers=baseline),
            quantities=[DriftQuantity.of(each, report.labels) for each in report.quantities],
        )
        return answer if feedback is None else answer.model_copy(update={"feedback": feedback})

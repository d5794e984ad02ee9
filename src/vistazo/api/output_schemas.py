"""What each of several outputs of a model says of one picture, as pydantic models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field

from vistazo.answers.decision import UNCERTAIN
from vistazo.answers.further_outputs import Classes, OutputAnswer

Doubt = Annotated[str, Field(json_schema_extra={"enum": [UNCERTAIN]})]


class ClassesAnswer(BaseModel):
    """Of an output that classifies; the fields are those of the answer itself."""

    predictions: list[float] = Field(description="Probabilities, in label order.")
    predicted_class: str = Field(description="The label decided on, at the output's threshold.")
    confidence: float = Field(description="Probability of the predicted class.")
    probabilities: dict[str, float] = Field(description="Label to probability.")
    warnings: list[Doubt] = Field(description="Reasons to doubt this output: 'uncertain'.")


class NumberAnswer(BaseModel):
    """Of an output that is a number."""

    value: float
    unit: str = Field(description="Such as years; empty where the card names none.")


def outputs_of(answers: Mapping[str, OutputAnswer]) -> dict[str, ClassesAnswer | NumberAnswer]:
    return {
        name: _classes(answer)
        if isinstance(answer, Classes)
        else NumberAnswer(value=answer.value, unit=answer.unit)
        for name, answer in answers.items()
    }


def _classes(answer: Classes) -> ClassesAnswer:
    decision = answer.decision
    return ClassesAnswer(
        predictions=list(decision.probabilities),
        predicted_class=decision.predicted_class,
        confidence=decision.confidence,
        probabilities=answer.probabilities,
        warnings=list(decision.warnings),
    )

"""What the service answers, as pydantic models: the source of the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from vistazo.classifier import Prediction


class Model(BaseModel):
    """Which model answered."""

    name: str
    version: str
    sha256: str = Field(description="Of the weights file.")


class Answer(BaseModel):
    """The answer to one picture."""

    filename: str = Field(description="As sent.")
    predictions: list[float] = Field(description="Probabilities, in label order.")
    predicted_class: str = Field(description="The label decided on, at the card's threshold.")
    confidence: float = Field(description="Probability of the predicted class.")
    probabilities: dict[str, float] = Field(description="Label to probability.")
    model: Model
    warnings: list[str] = Field(description="Reasons to doubt this answer, such as 'uncertain'.")
    request_id: str

    @staticmethod
    def of(prediction: Prediction, labels: tuple[str, ...], filename: str, request: str) -> Answer:
        decision, model = prediction.decision, prediction.model
        return Answer(
            filename=filename,
            predictions=list(decision.probabilities),
            predicted_class=decision.predicted_class,
            confidence=decision.confidence,
            probabilities=dict(zip(labels, decision.probabilities, strict=True)),
            model=Model(name=model.name, version=model.version, sha256=model.sha256),
            warnings=list(decision.warnings),
            request_id=request,
        )


class RuleFault(BaseModel):
    """One rule that a picture breaks."""

    rule: str
    detail: str


class Problem(BaseModel):
    """A problem document, RFC 9457, served as application/problem+json."""

    type: str
    title: str
    status: int
    detail: str = Field(description="What happened, and what to do.")
    code: str = Field(description="Stable; programs may rely on it.")
    request_id: str | None = None
    errors: list[RuleFault] | None = Field(None, description="Every rule that the picture breaks.")


class BatchFailure(BaseModel):
    """The place of one picture of a batch that could not be classified."""

    filename: str
    problem: Problem


class BatchAnswer(BaseModel):
    """One result or one problem per file, in the order sent."""

    results: list[Answer | BatchFailure]
    request_id: str


class ModelDescription(BaseModel):
    """The served model: its card, and what was read from its file."""

    model_config = ConfigDict(json_schema_extra={"description": "Card and signature"})

    sha256: str
    card: dict[str, Any]
    signature: dict[str, Any]


class Health(BaseModel):
    status: str

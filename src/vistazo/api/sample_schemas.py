"""What is answered to texts and rows: the source of the OpenAPI document, and nothing else.

Answers are written as plain dictionaries (``sample_answers``): a hundred are one request.
"""

from __future__ import annotations

from pydantic import BaseModel, Field

from vistazo.answers.explanation.words import Method
from vistazo.api.schemas import Doubt, Model, Problem


class TextInDistribution(BaseModel):
    """Whether the text looks like those that the model was made for."""

    score: float | None = Field(
        None,
        description="0..1: the share of its words that the model knows, where it has a vocabulary.",
    )
    words: int = Field(description="How many it has, without stop words.")
    verdict: bool = Field(description="As the card's input says.")


class Word(BaseModel):
    """A word, or several in a row, of the text."""

    word: str
    weight: float = Field(
        description="Above 0 it speaks for the label, below against it: in units of the decision "
        "value (contributions), or of the probability (words_left_out)."
    )
    start: int | None = Field(
        None, description="Where it first stands in the text, in characters, where that is found."
    )


class Words(BaseModel):
    """Which words of a text spoke for a label, from those most for it to those most against it."""

    label: str
    method: Method = Field(
        description="contributions: what each word adds, where the model is a sum over words; "
        "words_left_out: what changes without it."
    )
    words: list[Word]


class SampleAnswer(BaseModel):
    """The answer to one text, or one row of numbers."""

    predictions: list[float] | None = Field(
        None, description="Probabilities, in label order; where the estimator gives any."
    )
    predicted_class: str = Field(description="The label decided on.")
    confidence: float | None = Field(None, description="Probability of the predicted class.")
    probabilities: dict[str, float] | None = Field(None, description="Label to probability.")
    scores: dict[str, float] | None = Field(
        None, description="Label to decision value, where there are no probabilities."
    )
    model: Model
    in_distribution: TextInDistribution | None = Field(None, description="Of texts.")
    warnings: list[Doubt] = Field(
        description="Reasons to doubt this answer: 'uncertain', 'out_of_distribution'."
    )
    request_id: str
    explanation: Words | None = Field(None, description="Only where explain=true asks for it.")


class SampleAnswers(BaseModel):
    """One answer for each, in the order sent."""

    results: list[SampleAnswer]
    model: Model
    request_id: str


class SampleFailure(BaseModel):
    """The place of one that has no answer. ``index`` is its place in the list, from 0."""

    index: int
    problem: Problem


class SampleBatchAnswer(BaseModel):
    """One result or one problem for each, in the order sent."""

    results: list[SampleAnswer | SampleFailure]
    model: Model
    request_id: str


class WordsAnswer(Words):
    """What of a text spoke for a label, and which model says so."""

    model: Model
    request_id: str

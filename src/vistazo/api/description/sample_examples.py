"""The same for a model of texts or of rows: what is sent, and what is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from vistazo.api.description.example_model import EXAMPLE_ID, MODEL, shares
from vistazo.api.description.problem_examples import problem_example
from vistazo.api.sample_schemas import (
    SampleAnswer,
    SampleAnswers,
    SampleBatchAnswer,
    SampleFailure,
    TextInDistribution,
    Word,
    Words,
    WordsAnswer,
)

_Answers = Callable[[Sequence[str]], Mapping[str, BaseModel]]

_WORDS = [Word(word="example", weight=0.42, start=3), Word(word="text", weight=-0.1, start=11)]
_TEXT, _TEXTS = {"text": "An example text."}, {"texts": ["An example text.", "Another one."]}


def _answer(labels: Sequence[str], likeness: TextInDistribution | None = None) -> SampleAnswer:
    return SampleAnswer(
        predictions=shares(labels),
        predicted_class=labels[-1],
        confidence=0.9,
        probabilities=dict(zip(labels, shares(labels), strict=True)),
        model=MODEL,
        in_distribution=likeness,
        warnings=[],
        request_id=EXAMPLE_ID,
    )


def _of_text(labels: Sequence[str]) -> SampleAnswer:
    return _answer(labels, TextInDistribution(score=0.8, words=2, verdict=True))


def _texts(labels: Sequence[str]) -> dict[str, BaseModel]:
    one = _of_text(labels)
    words = Words(label=labels[-1], method="contributions", words=_WORDS)
    explained = one.model_copy(update={"explanation": words})
    several = SampleAnswers(results=[one, one], model=MODEL, request_id=EXAMPLE_ID)
    return {"one": one, "explained": explained, "several": several}


def _rows(labels: Sequence[str]) -> dict[str, BaseModel]:
    one = _answer(labels)
    several = SampleAnswers(results=[one, one], model=MODEL, request_id=EXAMPLE_ID)
    return {"one": one, "several": several}


def _words(labels: Sequence[str]) -> dict[str, BaseModel]:
    answer = WordsAnswer(
        label=labels[-1],
        method="contributions",
        words=_WORDS,
        model=MODEL,
        request_id=EXAMPLE_ID,
    )
    return {"words": answer}


def _batch(one: Callable[[Sequence[str]], SampleAnswer]) -> _Answers:
    def answers(labels: Sequence[str]) -> dict[str, BaseModel]:
        failure = SampleFailure(index=1, problem=problem_example("bad_sample", labels))
        results = [one(labels), failure]
        batch = SampleBatchAnswer(results=results, model=MODEL, request_id=EXAMPLE_ID)
        return {"one_of_two": batch}

    return answers


SAMPLE_ANSWERS: dict[Literal["texts", "rows"], dict[str, _Answers]] = {
    "texts": {"/predict": _texts, "/explain": _words, "/predict/batch": _batch(_of_text)},
    "rows": {"/predict": _rows, "/predict/batch": _batch(_answer)},
}
# Rows have as many numbers as the model takes: the schema says how many.
SAMPLE_BODIES: dict[Literal["texts", "rows"], dict[str, dict[str, Any]]] = {
    "texts": {
        "/predict": {"one": _TEXT, "several": _TEXTS},
        "/explain": {"one": _TEXT},
        "/predict/batch": {"several": _TEXTS},
    },
    "rows": {},
}

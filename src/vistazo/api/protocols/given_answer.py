"""What is said of one picture, text or row, whichever it was: what outputs are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from vistazo.answers.explanation import heat_layer
from vistazo.answers.explanation.words import WordEvidence
from vistazo.answers.further_outputs import Classes, OutputAnswer
from vistazo.classifier import Explanation, Prediction
from vistazo.samples.classifier import SamplePrediction


@dataclass(frozen=True)
class Evidence:
    """Whether it is asked for, and of which label: None, of the predicted class."""

    is_wanted: bool = False
    label: str | None = None


NO_EVIDENCE = Evidence()


@dataclass(frozen=True)
class GivenAnswer:
    """``scores`` are probabilities in label order; of an estimator that gives none, its decision
    values, or None. ``evidence`` is a PNG of a picture, and JSON of a text, where it was asked for.
    """

    label: str
    scores: tuple[float, ...] | None
    likeness: float | None
    warnings: tuple[str, ...]
    further: Mapping[str, OutputAnswer] = field(default_factory=dict)
    evidence: bytes | None = None


def answer_to_picture(prediction: Prediction, explanation: Explanation | None) -> GivenAnswer:
    decision, likeness = prediction.decision, prediction.in_distribution
    return GivenAnswer(
        decision.predicted_class,
        decision.probabilities,
        None if likeness is None else likeness.score,
        (*decision.warnings, *_further_warnings(prediction.outputs)),
        prediction.outputs,
        None if explanation is None else _layer(explanation),
    )


def answer_to_sample(prediction: SamplePrediction, words: WordEvidence | None) -> GivenAnswer:
    decision, likeness = prediction.decision, prediction.in_distribution
    scores = decision.scores if decision.probabilities is None else decision.probabilities
    return GivenAnswer(
        decision.predicted_class,
        scores,
        None if likeness is None else likeness.score,
        decision.warnings,
        evidence=None if words is None else json.dumps(asdict(words), ensure_ascii=False).encode(),
    )


def _further_warnings(outputs: Mapping[str, OutputAnswer]) -> list[str]:
    """As OUTPUT:WARNING, of all outputs but the first, which is that of the answer itself."""
    return [
        f"{name}:{warning}"
        for name, answer in list(outputs.items())[1:]
        if isinstance(answer, Classes)
        for warning in answer.decision.warnings
    ]


def _layer(explanation: Explanation) -> bytes:
    frame, grid = explanation.frame, explanation.evidence.grid
    return heat_layer(grid, frame, explanation.width, explanation.height)

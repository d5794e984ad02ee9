"""What a report is to say: from a prediction, and the card of the model that made it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from vistazo import __version__
from vistazo.answers.decision import UNCERTAIN, Decision, Meaning
from vistazo.answers.further_outputs import Classes, Number
from vistazo.answers.likeness import OUT_OF_DISTRIBUTION
from vistazo.classifier import Prediction
from vistazo.models.card import ModelCard
from vistazo.models.output_spec import ClassOutput
from vistazo.models.words import spoken
from vistazo.pictures.claims import (
    BURNED_IN_ANNOTATION,
    ONE_OF_SEVERAL_FRAMES,
    OTHER_AGE,
    OTHER_MODALITY,
    OTHER_VIEW,
)
from vistazo.pictures.radiograph import Radiograph
from vistazo.reports.said import SaidClasses, SaidModel, SaidNumber, Statement

LANGUAGE = "en"
_MOST_LABELS = 100
_WARNINGS = {
    OTHER_MODALITY: "The model was made for pictures of other modalities.",
    OTHER_VIEW: "The model was made for other views.",
    OTHER_AGE: "The model was made for patients of other ages.",
    BURNED_IN_ANNOTATION: "Text may be part of the picture, and have been taken for a finding.",
    ONE_OF_SEVERAL_FRAMES: "The file has several frames; one of them was looked at.",
    UNCERTAIN: "The probability is too near to the threshold for a decision.",
    OUT_OF_DISTRIBUTION: "The picture does not look like those that the model was made for.",
}


def statement(prediction: Prediction, card: ModelCard, label: str | None = None) -> Statement:
    """Made now, in this machine's time. A heatmap speaks of ``label``, by default of the predicted
    class.
    """
    identity = prediction.model
    frame = prediction.radiograph or Radiograph()
    return Statement(
        model=SaidModel(identity.name, identity.version, identity.sha256),
        title=_title(card),
        notice=spoken(card.notice, card.language, LANGUAGE),
        language=LANGUAGE,
        software=f"vistazo {__version__}",
        made_at=datetime.now().astimezone().isoformat(),
        frame=frame.frame,
        frames=frame.frames,
        classes=tuple(_classes(prediction, card)),
        numbers=tuple(_numbers(prediction)),
        warnings=tuple(
            f"Warning ({code}): {_words(code)}" for code in prediction.decision.warnings
        ),
        explained=label or prediction.decision.predicted_class,
        is_usual=label in (None, prediction.decision.predicted_class),
    )


def _title(card: ModelCard) -> str:
    """The card's, and what it was made for."""
    title = spoken(card.title, card.language, LANGUAGE) or card.name
    made_for = spoken(card.made_for, card.language, LANGUAGE)
    return f"Model: {title}." + (f" Made for {made_for}." if made_for else "")


def _words(code: str) -> str:
    return _WARNINGS.get(code, code.replace("_", " "))


def _classes(prediction: Prediction, card: ModelCard) -> Iterator[SaidClasses]:
    """That of the usual answer first."""
    usual = _said(prediction.decision, card)
    if not prediction.outputs:
        yield usual
    for number, (name, answer) in enumerate(prediction.outputs.items()):
        if number == 0:
            yield replace(usual, output=name)
        elif isinstance(answer, Classes):
            spec = card.more_outputs[name]
            if isinstance(spec, ClassOutput):
                yield replace(_said(answer.decision, spec), output=name)


def _numbers(prediction: Prediction) -> Iterator[SaidNumber]:
    for name, answer in prediction.outputs.items():
        if isinstance(answer, Number):
            yield SaidNumber(name, answer.value, answer.unit)


def _said(decision: Decision, meaning: Meaning) -> SaidClasses:
    pairs = list(zip(meaning.labels, decision.probabilities, strict=True))
    if len(pairs) > _MOST_LABELS:
        pairs = sorted(pairs, key=lambda pair: -pair[1])[:_MOST_LABELS]
    is_independent = meaning.output.kind == "multilabel"
    threshold = meaning.output.threshold if is_independent or meaning.is_binary else None
    reached = [label for label, p in pairs if is_independent and p >= meaning.output.threshold]
    return SaidClasses(
        output="",
        probabilities=tuple(pairs),
        labels_in_all=len(meaning.labels),
        predicted=None if is_independent else decision.predicted_class,
        positive=meaning.labels[meaning.positive_index] if meaning.is_binary else None,
        threshold=threshold,
        reached=tuple(reached),
    )

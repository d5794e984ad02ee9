"""Predictions as the JSON of an answer (``sample_schemas`` describes it), made without detours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from vistazo.answers.explanation.words import WordEvidence
from vistazo.models.sample_card import SampleCard
from vistazo.samples.classifier import SamplePrediction

Document = dict[str, Any]


def answer_of(prediction: SamplePrediction, labels: Sequence[str], request_id: str) -> Document:
    decision, likeness = prediction.decision, prediction.in_distribution
    shares, scores = decision.probabilities, decision.scores
    document: Document = {"predicted_class": decision.predicted_class}
    if shares is not None:
        by_label = dict(zip(labels, shares, strict=True))
        figures = {"predictions": shares, "confidence": decision.confidence}
        document |= {**figures, "probabilities": by_label}
    elif scores is not None:
        document["scores"] = dict(zip(labels, scores, strict=True))
    if likeness is not None:
        known = asdict(likeness)
        document["in_distribution"] = {
            name: known[name] for name in known if known[name] is not None
        }
    rest = {"model": asdict(prediction.model), "warnings": decision.warnings}
    return {**document, **rest, "request_id": request_id}


def words_of(evidence: WordEvidence) -> Document:
    return asdict(evidence)


def by_the_card(
    card: SampleCard, predictions: Sequence[SamplePrediction], *, is_one: bool
) -> Document:
    """What the card's own route answers."""
    values = [prediction.decision.value for prediction in predictions]
    return {card.answer_field: values[0] if is_one else values}


def written(document: Document) -> Response:
    body = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(body.encode(), media_type="application/json")

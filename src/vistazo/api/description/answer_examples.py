"""An answer of each kind that a path gives, with the labels of the model that is served."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from vistazo.answers.likeness import OUT_OF_DISTRIBUTION
from vistazo.api.description.example_model import EXAMPLE_ID, MODEL, PNG, SHA256, shares
from vistazo.api.description.problem_examples import Takes, problem_example
from vistazo.api.description.refusals import operations
from vistazo.api.description.sample_examples import SAMPLE_ANSWERS, SAMPLE_BODIES
from vistazo.api.dicom_schemas import DicomHeader
from vistazo.api.drift_schemas import DriftAnswer, DriftWindow
from vistazo.api.feedback_routes import FeedbackAnswer
from vistazo.api.media import JSON
from vistazo.api.schemas import (
    Answer,
    BatchAnswer,
    BatchFailure,
    Health,
    Heatmap,
    InDistribution,
    ModelDescription,
    RecordsHint,
    Reloaded,
)
from vistazo.engines.base import Runtime
from vistazo.pictures.claims import OTHER_AGE

_Document = dict[str, Any]
_Answers = Callable[[Sequence[str]], Mapping[str, BaseModel]]
_METRIC = 'vistazo_requests_total{code="",method="POST",path="/predict",status="200"} 12.0\n'
_AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def add_answer_examples(document: _Document, takes: Takes | None, labels: Sequence[str]) -> None:
    """To what every operation answers, and to the JSON that it takes; ``takes`` is None before it
    is known.
    """
    by_path = _answers(takes)
    for path, operation in operations(document):
        if operation["operationId"] == "card_route":
            continue
        answers = operation["responses"]["200"]["content"]
        if path in by_path and JSON in answers:
            answers[JSON]["examples"] = _written(by_path[path](labels), path)
        if path == "/metrics":
            answers["text/plain"]["examples"] = {"one_line": {"value": _METRIC}}
        asked = operation.get("requestBody", {}).get("content", {}).get(JSON)
        if asked is not None and (bodies := _bodies(path, takes, labels)):
            asked["examples"] = {name: {"value": body} for name, body in bodies.items()}


def _answers(takes: Takes | None) -> dict[str, _Answers]:
    if takes is None:
        return {**SAMPLE_ANSWERS["texts"], **_OF_PICTURES, **_ALWAYS}
    return {**_ALWAYS, **(_OF_PICTURES if takes == "pictures" else SAMPLE_ANSWERS[takes])}


def _written(answers: Mapping[str, BaseModel], path: str) -> _Document:
    return {name: {"value": _as_answered(answer, path)} for name, answer in answers.items()}


def _as_answered(answer: BaseModel, path: str) -> _Document:
    """Without what is not there, but where the service itself says null."""
    if path in {"/model", "/drift"}:
        return answer.model_dump(mode="json", exclude_unset=True)
    return answer.model_dump(mode="json", exclude_none=True)


def _bodies(path: str, takes: Takes | None, labels: Sequence[str]) -> _Document:
    if path == "/feedback":
        return {"one": {"request_id": EXAMPLE_ID, "label": labels[0]}}
    if takes is None:
        return {}
    return (_BODIES if takes == "pictures" else SAMPLE_BODIES[takes]).get(path, {})


def _answer(labels: Sequence[str]) -> Answer:
    return Answer(
        filename="picture.jpeg",
        predictions=shares(labels),
        predicted_class=labels[-1],
        confidence=0.9,
        probabilities=dict(zip(labels, shares(labels), strict=True)),
        model=MODEL,
        in_distribution=InDistribution(score=0.93, verdict=True),
        warnings=[],
        request_id=EXAMPLE_ID,
    )


def _one(labels: Sequence[str]) -> dict[str, BaseModel]:
    plain = _answer(labels)
    heatmap = Heatmap(
        label=labels[-1],
        method="class_activation",
        image=PNG,
        grid=[[-0.2, 0.1], [0.4, 1.3]],
        frame=(0, 0, 1, 1),
    )
    strange = {
        "warnings": [OUT_OF_DISTRIBUTION],
        "in_distribution": InDistribution(score=0.12, verdict=False),
    }
    header = DicomHeader(
        modality="DX", view="PA", body_part="CHEST", age_years=34, frame=1, frames=1,
        window="linear", burned_in_annotation=False,
    )  # fmt: skip
    of_dicom = {"filename": "picture.dcm", "dicom": header, "warnings": [OTHER_AGE]}
    return {
        "plain": plain,
        "explained": plain.model_copy(update={"heatmap": heatmap}),
        "unlike_the_training_pictures": plain.model_copy(update=strange),
        "of_a_dicom_file": plain.model_copy(update=of_dicom),
    }


def _batch(labels: Sequence[str]) -> dict[str, BaseModel]:
    failure = BatchFailure(
        filename="another.jpeg", problem=problem_example("corrupt_image", labels)
    )
    return {"one_of_two": BatchAnswer(results=[_answer(labels), failure], request_id=EXAMPLE_ID)}


def _model(labels: Sequence[str]) -> dict[str, BaseModel]:
    card = {"name": "example", "version": "1.0.0", "labels": list(labels)}
    described = ModelDescription(
        sha256=SHA256,
        card=card,
        signature={"height": 224, "width": 224, "channels": 3, "units": len(labels)},
        runtime=Runtime("onnxruntime", "1.20.0"),
        conclusions=[],
        warnings=[],
        records=RecordsHint(feedback=True, pictures=False),
        costs=[],
        example=True,
    )
    return {"shortened": described}


def _feedback(labels: Sequence[str]) -> dict[str, BaseModel]:
    said, answered = labels[0], labels[-1]
    kept = FeedbackAnswer(
        request_id=EXAMPLE_ID,
        index=0,
        label=said,
        predicted_class=answered,
        agrees=said == answered,
    )
    return {"kept": kept}


def _reloaded(_labels: Sequence[str]) -> dict[str, BaseModel]:
    before = SHA256[::-1]
    return {"swapped": Reloaded(**MODEL.model_dump(), previous_sha256=before, at=_AT)}


def _drift(_labels: Sequence[str]) -> dict[str, BaseModel]:
    window = DriftWindow(answers=12, of=250)
    few = DriftAnswer(model=MODEL, state="too_few", window=window, baseline=None, quantities=[])
    return {"too_few": few}


_PICTURE = {"image": PNG, "filename": "picture.png"}
_BODIES: dict[str, _Document] = {
    "/predict": {"one": _PICTURE},
    "/explain": {"one": _PICTURE},
    "/preview": {"one": _PICTURE},
    "/predict/batch": {"several": {"images": [_PICTURE, PNG]}},
}
_OF_PICTURES: dict[str, _Answers] = {"/predict": _one, "/predict/batch": _batch}
_ALWAYS: dict[str, _Answers] = {
    "/model": _model,
    "/feedback": _feedback,
    "/admin/reload": _reloaded,
    "/drift": _drift,
    "/health/live": lambda _: {"live": Health(status="live")},
    "/health/ready": lambda _: {"ready": Health(status="ready")},
}

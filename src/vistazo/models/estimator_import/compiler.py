"""A file of scikit-learn, and one beside it, written as a plan; or described."""

from __future__ import annotations

from pathlib import Path

from vistazo.errors import ModelError, UnsupportedModelError
from vistazo.models.estimator_import.bundle import found_in
from vistazo.models.estimator_import.description import EstimatorDescription
from vistazo.models.estimator_import.importer import import_plan
from vistazo.models.estimator_import.reader import read_objects
from vistazo.models.estimator_import.values import KerasBytes
from vistazo.models.estimator_import.values_file import (
    is_values_file,
    read_values,
    write_values,
)
from vistazo.models.plan.stored import write_plan
from vistazo.models.plan.summary import PlanStep, PlanSummary


def convert(source: Path, vectorizer: Path | None, target: Path, most_bytes: int) -> PlanSummary:
    """Write ``target``. Raises ModelError."""
    plan = import_plan(*_contents(source, vectorizer, most_bytes))
    write_plan(plan, target)
    return plan.summary


def describe(source: Path, vectorizer: Path | None, most_bytes: int) -> EstimatorDescription:
    """What is in it, and whether it can be served. Raises ModelError where it cannot be read."""
    contents = _contents(source, vectorizer, most_bytes)
    try:
        summary = import_plan(*contents).summary
    except UnsupportedModelError as error:
        return EstimatorDescription(None, _found(contents), (str(error),))
    return EstimatorDescription(summary, summary.steps, ())


def rewrite(source: Path, vectorizer: Path | None, target: Path, most_bytes: int) -> PlanSummary:
    """Write ``target`` with the same content, and without a pickle. Raises ModelError."""
    content, beside = _contents(source, vectorizer, most_bytes)
    summary = import_plan(content, beside).summary
    write_values(content if beside is None else [beside, content], target)
    return summary


def unwrap_keras(source: Path, target: Path, most_bytes: int) -> None:
    """Write ``target``, the .keras or .h5 file in a pickle. Raises ModelError."""
    content = read_objects(source, most_bytes)
    if not isinstance(content, KerasBytes):
        raise UnsupportedModelError(
            f"{source.name} is a pickle around Keras, and the model's own file is not in it. Save "
            "it with model.save('model.keras'), and set MODEL_PATH to that."
        )
    target.write_bytes(content.data)


def _contents(source: Path, vectorizer: Path | None, most_bytes: int) -> tuple[object, object]:
    beside = None if vectorizer is None else _content(vectorizer, most_bytes)
    return _content(source, most_bytes), beside


def _content(path: Path, most_bytes: int) -> object:
    return (read_values if is_values_file(path) else read_objects)(path, most_bytes)


def _found(contents: tuple[object, object]) -> tuple[PlanStep, ...]:
    """The classes of the estimators in order, as far as they can be told."""
    content, vectorizer = contents
    try:
        return tuple(PlanStep(each.class_name) for each in found_in(vectorizer, content))
    except ModelError:
        return ()

"""A file of scikit-learn, and one beside it, written as a plan; or described."""

from __future__ import annotations

from pathlib import Path

from vistazo.models.estimator_import.importer import import_plan
from vistazo.models.estimator_import.reader import read_objects
from vistazo.models.plan.stored import write_plan
from vistazo.models.plan.summary import PlanSummary


def convert(source: Path, vectorizer: Path | None, target: Path, most_bytes: int) -> PlanSummary:
    """Write ``target``. Raises ModelError."""
    beside = None if vectorizer is None else read_objects(vectorizer, most_bytes)
    plan = import_plan(read_objects(source, most_bytes), beside)
    write_plan(plan, target)
    return plan.summary

"""What a file of scikit-learn holds, for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vistazo.models.plan.summary import PlanStep, PlanSummary


@dataclass(frozen=True)
class EstimatorDescription:
    """No ``summary`` where ``problems`` say why it cannot be served; ``steps`` are what was found
    all the same.
    """

    summary: PlanSummary | None
    steps: tuple[PlanStep, ...]
    problems: tuple[str, ...]

    @staticmethod
    def from_fields(fields: Mapping[str, Any]) -> EstimatorDescription:
        """Of what ``dataclasses.asdict`` made, also after JSON. Raises KeyError, TypeError."""
        summary = fields["summary"]
        return EstimatorDescription(
            None if summary is None else PlanSummary.from_fields(summary),
            tuple(PlanStep(**step) for step in fields["steps"]),
            tuple(fields["problems"]),
        )

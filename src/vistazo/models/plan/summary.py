"""What a plan shows of itself, to whoever has no NumPy at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Label = str | int | float | bool
Takes = Literal["texts", "rows"]


@dataclass(frozen=True)
class PlanStep:
    """One estimator as a person knows it: its class, and what is worth telling of it."""

    class_name: str
    told: str = ""


@dataclass(frozen=True)
class PlanSummary:
    """What a plan shows of itself, without its card."""

    takes: Takes
    n_features: int
    labels: tuple[Label, ...]
    feature_names: tuple[str, ...]
    allows_missing: bool
    written_by: str
    steps: tuple[PlanStep, ...]

    @property
    def framework(self) -> str:
        return f"scikit-learn {self.written_by}".strip()

    @staticmethod
    def from_fields(fields: Mapping[str, Any]) -> PlanSummary:
        """Of what ``dataclasses.asdict`` made, also after JSON. Raises KeyError, TypeError."""
        known = dict(fields)
        for name in ("labels", "feature_names"):
            known[name] = tuple(known[name])
        known["steps"] = tuple(PlanStep(**step) for step in known["steps"])
        return PlanSummary(**known)

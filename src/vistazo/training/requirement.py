"""A bar that a model has to meet before it is served: ``auc=0.95``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vistazo.errors import SettingsError
from vistazo.training.measures import BETTER_WHEN_LESS, FIGURES, figure_names

_FORM = re.compile(r"([^=<>]*)(>=|<=|=)([^=<>]*)")


@dataclass(frozen=True)
class Requirement:
    """That a figure is at least ``bar``; one that is better when it is less, at most."""

    figure: str
    bar: float

    @property
    def comparison(self) -> str:
        return comparison_of(self.figure)

    def is_met(self, value: float | None) -> bool:
        """An undefined figure meets nothing."""
        if value is None or not math.isfinite(value):
            return False
        return value <= self.bar if self.comparison == "<=" else value >= self.bar

    def __str__(self) -> str:
        return f"{self.figure} {self.comparison} {self.bar:g}"


def comparison_of(figure: str) -> str:
    return "<=" if figure in BETTER_WHEN_LESS else ">="


def read_requirement(text: str) -> Requirement:
    """Read ``auc=0.95`` (or ``auc>=0.95``, ``brier<=0.1``). Raises SettingsError in words."""
    found = _FORM.fullmatch(text.replace(" ", ""))
    if found is None:
        raise SettingsError(
            f"'{text}' is no requirement. Write it as auc=0.95; with >= or <= in quotation marks, "
            "or the shell takes these for itself."
        )
    figure, comparison, bar = found.groups()
    if figure not in FIGURES:
        raise SettingsError(f"'{figure}' is no figure. Known are {', '.join(FIGURES)}.")
    if comparison not in ("=", comparison_of(figure)):
        better = "less" if figure in BETTER_WHEN_LESS else "greater"
        raise SettingsError(
            f"'{text}' would ask for a bad one: {figure} is better when it is {better}. Write "
            f"{figure}={bar}."
        )
    return Requirement(figure, _number(text, figure, bar))


def _number(text: str, figure: str, written: str) -> float:
    most = 2 if figure == "brier" else 1  # the Brier score adds up over more than two labels
    try:
        value = float(written)
    except ValueError:
        raise SettingsError(
            f"'{written}' in '{text}' is no number. Write it with a point: {figure}=0.95."
        ) from None
    if not 0 <= value <= most:
        raise SettingsError(f"'{text}': {figure} lies between 0 and {most}.")
    return value


def check_measured(requirements: Iterable[Requirement], *, is_binary: bool) -> None:
    """Raises SettingsError for a figure that there is not of so many labels."""
    known = figure_names(is_binary=is_binary)
    for requirement in requirements:
        if requirement.figure not in known:
            raise SettingsError(
                f"Of more than two labels there is no {requirement.figure}. There are "
                f"{', '.join(known)}."
            )


def settle(
    requirements: Sequence[Requirement], measured: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What became of each, for ``evaluation.json``: the value counts as it is printed there, and
    not its interval. ``measured`` is what ``report.measure_answers`` says.
    """
    values = [measured.get(each.figure, {}).get("value") for each in requirements]
    return [
        {
            "figure": each.figure,
            "at_most" if each.comparison == "<=" else "at_least": each.bar,
            "value": value,
            "is_met": each.is_met(value),
        }
        for each, value in zip(requirements, values, strict=True)
    ]

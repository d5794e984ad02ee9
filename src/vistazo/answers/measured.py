"""Groups of measured figures, as a card holds them, and what their parts are called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vistazo.models.words import spoken

COUNTED = ("pictures", "texts", "rows")
# Of those that another group holds too, only the tables tell.
_PARTS_OF_ANOTHER = ("those_that_look_like_the_other_label", "holdout_with_misleading_look")


@dataclass(frozen=True)
class Share:
    """A share in 0..1 and its interval, where it has one."""

    value: float
    low: float | None
    high: float | None

    @property
    def rest(self) -> Share:
        low = None if self.high is None else 1 - self.high
        high = None if self.low is None else 1 - self.low
        return Share(1 - self.value, low, high)


def groups_of(figures: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Those that are told in sentences, by their keys."""
    for name, group in figures.items():
        if isinstance(group, Mapping) and name not in _PARTS_OF_ANOTHER:
            yield name, group


def share_of(figure: object) -> Share | None:
    """Of ``{value, low, high}`` or a plain number; None for what is no share."""
    parts: Mapping[str, object] = figure if isinstance(figure, Mapping) else {"value": figure}
    value, low, high = (_number(parts.get(name)) for name in ("value", "low", "high"))
    return None if value is None else Share(value, low, high)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 1 else None


def group_name(name: str, group: Mapping[str, Any], own_language: str, language: str = "en") -> str:
    """Its ``title`` in the language, else in the card's; else its key, made readable."""
    readable = re.sub(r"[-_.]+", " ", name).strip()
    return spoken(group.get("title", ""), own_language, language) or (
        readable[:1].upper() + readable[1:]
    )

"""How good a model is, in sentences that need no statistics.

The page says the same by the same rule (``api/page/worth.js``); one table of cases tests both.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vistazo.answers.costs import cost_sentences
from vistazo.answers.measured import COUNTED, Share, group_name, groups_of, share_of
from vistazo.models.card import Card
from vistazo.models.words import spoken

_WIDTH = 100
# Far less than any figure's last digit: 1 - 0.975 is not quite 0.025.
_ROUNDING = 1e-9
_RATES = ("sensitivity", "specificity")


@dataclass(frozen=True)
class Worth:
    """What one group of figures comes to: ``told`` of ``group``, measured on ``count``."""

    group: str
    count: str
    told: str
    note: str

    def __str__(self) -> str:
        count = f" ({self.count})" if self.count else ""
        return f"{self.group}{count}: {self.told}.{f' {self.note}' if self.note else ''}"


def worths(card: Card, figures: Mapping[str, Any]) -> list[Worth]:
    """What groups of figures, as a card holds them, come to, one by one.

    A group that says nothing about how often the model is right, or knows what it was not made
    for, is left out; so is each figure that is undefined.
    """
    groups = [
        Worth(
            group_name(name, group, card.language),
            _count(group),
            "; ".join(_phrases(card, group)),
            spoken(group.get("note", ""), card.language),
        )
        for name, group in groups_of(figures)
    ]
    return [worth for worth in groups if worth.told]


def worth_lines(card: Card) -> Iterator[str]:
    """What a model is for, and the same of the card's own figures: for ``vistazo inspect``."""
    yield from _lines("made for", filter(None, [spoken(card.made_for, card.language)]))
    measured = [str(worth) for worth in worths(card, card.figures)]
    yield from _lines("how good", measured or ["not measured: its card has no such figures"])
    yield from _lines("costs", [each["en"] for each in cost_sentences(card)])


def _lines(head: str, texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        # A card may come out of a link: nothing that a terminal would obey.
        plain = "".join(letter if letter.isprintable() else "?" for letter in text)
        yield from textwrap.wrap(
            plain, _WIDTH, initial_indent=f"  {head:10} ", subsequent_indent=" " * 13
        )
        head = ""


def of_hundred(share: float) -> str:
    """How many of 100 that is; what is not none is never shown as if it were, nor as all."""
    if 0 < share < 0.01 - _ROUNDING:
        return "fewer than 1"
    if 0.99 + _ROUNDING < share < 1:
        return "more than 99"
    return str(math.floor(100 * share + 0.5 + _ROUNDING))


def _phrases(card: Card, group: Mapping[str, Any]) -> Iterator[str]:
    kind = next((name for name in COUNTED if name in group), "cases")
    sensitivity, specificity = (
        share_of(group.get("sensitivity")),
        share_of(group.get("specificity")),
    )
    accuracy, marked = share_of(group.get("accuracy")), share_of(group.get("out_of_distribution"))
    is_of_two = len(card.labels) == 2
    if is_of_two and sensitivity:
        missed = _told(sensitivity.rest)
        yield f"of 100 {_positive(card)} {kind} it misses {missed}"
    if is_of_two and specificity:
        negative, called = card.labels[1 - card.positive_index], _told(specificity.rest)
        yield f"of 100 {negative} {kind} it calls {called} {_positive(card)}"
    if accuracy and not (is_of_two and (sensitivity or specificity)):
        yield f"of 100 {kind} it gets {_told(accuracy)} right"
    if marked:
        yield f"of 100 {kind} it marks {_told(marked)} as not of the kind it knows"


def _positive(card: Card) -> str:
    return card.labels[card.positive_index]


def _told(share: Share) -> str:
    """With the interval, widened to whole numbers; one of no width comes of too few cases."""
    value = of_hundred(share.value)
    if share.low is None or share.high is None or share.low >= share.high:
        return value
    low = math.floor(100 * share.low + _ROUNDING)
    high = math.ceil(100 * share.high - _ROUNDING)
    return f"{value} ({low} to {high})"


def _count(group: Mapping[str, Any]) -> str:
    kind = next((name for name in COUNTED if name in group), None)
    count = group.get(kind) if kind else None
    return f"{count:,} {kind}" if isinstance(count, int) and not isinstance(count, bool) else ""

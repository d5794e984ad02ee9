"""What a model's errors cost, of a thousand cases, where its card says what each one does.

A false accept is a case of the positive label (a defective part) that passes for the other; a false
reject is one of the other that is called positive. The shares are those measured at the card's
threshold; an interval of costs adds up the ends of both, and so is rather too wide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vistazo.answers.measured import Share, group_name, groups_of, share_of
from vistazo.models.card import Card
from vistazo.models.serving_card import CostSpec

BEST_THRESHOLD = "best_threshold"
LANGUAGES = ("en", "es")
_CASES = 1000
# Far less than the last digit of any figure.
_ROUNDING = 1e-9
_RATES = ("sensitivity", "specificity")

_Rates = tuple[Share, Share]
_WORDS = {
    "en": {
        "to": "to",
        "errors": "of {cases}, {positives} of them {positive}, {accepted} pass as {negative}, and "
        "{rejected} {negative} are called {positive}",
        "costs": "That costs {own}; without a check it would be {unchecked}",
        "better": "At a threshold of {threshold} it would be {best}, on these very cases",
        "best": "No other threshold costs less on these cases",
        "comma": ",",
        "point": ".",
    },
    "es": {
        "to": "a",
        "errors": "de {cases}, de los que {positives} son {positive}, {accepted} pasan por "
        "{negative}, y {rejected} {negative} se dan por {positive}",
        "costs": "Eso cuesta {own}; sin control serían {unchecked}",
        "better": "Con un umbral de {threshold} serían {best}, en estos mismos casos",
        "best": "Ningún otro umbral cuesta menos en estos casos",
        "comma": ".",
        "point": ",",
    },
}


@dataclass(frozen=True)
class Count:
    """So many of a thousand cases, or so much money; with an interval where there is one."""

    value: float
    low: float | None = None
    high: float | None = None

    def plus(self, other: Count) -> Count:
        low = None if self.low is None or other.low is None else self.low + other.low
        high = None if self.high is None or other.high is None else self.high + other.high
        return Count(self.value + other.value, low, high)

    def times(self, factor: float) -> Count:
        low = None if self.low is None else self.low * factor
        high = None if self.high is None else self.high * factor
        return Count(self.value * factor, low, high)


@dataclass(frozen=True)
class Expected:
    """Of a thousand cases: those that pass and should not, and those that should and do not."""

    false_accepts: Count
    false_rejects: Count
    costs: Count


def expected(costs: CostSpec, sensitivity: Share, specificity: Share) -> Expected:
    """At the share of positives that the card says."""
    accepts = _count(sensitivity.rest).times(_CASES * costs.positive_share)
    rejects = _count(specificity.rest).times(_CASES * (1 - costs.positive_share))
    money = accepts.times(costs.false_accept).plus(rejects.times(costs.false_reject))
    return Expected(accepts, rejects, money)


def unchecked(costs: CostSpec) -> float:
    """What a thousand cost where nobody looks, and all pass."""
    return _CASES * costs.positive_share * costs.false_accept


def cost_sentences(card: Card, figures: Mapping[str, Any] | None = None) -> list[dict[str, str]]:
    """What each group of the card's own figures, or of others, comes to, in each language.

    Empty where the card says no costs, or nobody measured sensitivity and specificity.
    """
    if card.costs is None:
        return []
    told = []
    for name, group in groups_of(card.figures if figures is None else figures):
        if (rates := _rates(group)) is not None:
            tellers = [_Teller(card, card.costs, language) for language in LANGUAGES]
            told.append({each.language: each.told(name, group, rates) for each in tellers})
    return told


def _rates(group: Mapping[str, Any]) -> _Rates | None:
    """Sensitivity and specificity, where both are known."""
    sensitivity, specificity = (
        share_of(group.get("sensitivity")),
        share_of(group.get("specificity")),
    )
    return None if sensitivity is None or specificity is None else (sensitivity, specificity)


@dataclass(frozen=True)
class _Teller:
    """Says it in a language."""

    card: Card
    costs: CostSpec
    language: str

    def told(self, name: str, group: Mapping[str, Any], rates: _Rates) -> str:
        found = expected(self.costs, *rates)
        best = self._of_the_best(group, found.costs.value)
        said = [self._of_errors(found), self._of_money(found), *best]
        called = group_name(name, group, self.card.language, self.language)
        return f"{called}: {'. '.join(said)}."

    def _of_errors(self, found: Expected) -> str:
        card, place = self.card, self.card.positive_index
        return self._say(
            "errors",
            cases=self._number(_CASES),
            positives=self._number(_CASES * self.costs.positive_share),
            positive=card.labels[place],
            negative=card.labels[1 - place],
            accepted=self._counted(found.false_accepts),
            rejected=self._counted(found.false_rejects),
        )

    def _of_money(self, found: Expected) -> str:
        own, currency = self._counted(found.costs), self.costs.currency
        without = self._number(unchecked(self.costs))
        return self._say("costs", own=f"{own} {currency}", unchecked=f"{without} {currency}")

    def _of_the_best(self, group: Mapping[str, Any], own: float) -> Iterator[str]:
        best = group.get(BEST_THRESHOLD)
        rates = _rates(best) if isinstance(best, Mapping) else None
        if not isinstance(best, Mapping) or rates is None:
            return
        least = expected(self.costs, *rates).costs.value
        if round(least) >= round(own):
            yield self._say("best")
            return
        point = _WORDS[self.language]["point"]
        threshold = str(best.get("threshold", "?")).replace(".", point)
        cheaper = f"{self._number(least)} {self.costs.currency}"
        yield self._say("better", threshold=threshold, best=cheaper)

    def _counted(self, count: Count) -> str:
        """With the interval, widened to whole numbers; one of no width comes of too few cases."""
        value = self._number(count.value)
        if count.low is None or count.high is None or count.low >= count.high:
            return value
        low = self._number(math.floor(count.low + _ROUNDING))
        high = self._number(math.ceil(count.high - _ROUNDING))
        return f"{value} ({low} {_WORDS[self.language]['to']} {high})"

    def _number(self, value: float) -> str:
        """Whole, with the language's marks; what is not none is never shown as if it were."""
        if 0 < value < 1 - _ROUNDING:
            return "<1"
        whole = f"{math.floor(value + 0.5 + _ROUNDING):,}"
        return whole.replace(",", _WORDS[self.language]["comma"])

    def _say(self, key: str, **values: str) -> str:
        return _WORDS[self.language][key].format(**values)


def _count(share: Share) -> Count:
    return Count(share.value, share.low, share.high)

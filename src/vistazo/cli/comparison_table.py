"""Two models side by side, for people."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from vistazo.cli.figure_table import LINE_WIDTH
from vistazo.training.measures import FIGURES
from vistazo.training.paired import PairedFigure
from vistazo.training.pairing import Pair
from vistazo.training.verdict import FEWEST_GROUPS, signed, written_chance

_CHANCE_OF_GUESSES = 0.5


def comparison_report(
    document: Mapping[str, Any], pair: Pair, figures: Mapping[str, PairedFigure]
) -> Iterator[str]:
    """The lines of it; ``document`` is what ``--json`` prints."""
    for name in ("a", "b"):
        model = document[name]
        yield f"{name.upper()}  {model['name']} {model['version']}  {model['file']}"
    yield from ("", *_counts(document, pair), "")
    yield f"{'':20}{'A':>8}{'B':>8}   {'B - A':30}p"
    for name, shown in FIGURES.items():
        if name in figures:
            yield _line(shown, figures[name])
    yield ""
    yield from textwrap.wrap(document["said"], LINE_WIDTH)
    yield f"The {FIGURES[document['by']]} decides (--by); the other figures are to be looked at."
    if document["data"]["groups"] < FEWEST_GROUPS:
        yield f"Note: with fewer than {FEWEST_GROUPS} groups no difference can ever be shown."
    yield from _doubts(figures)


def _counts(document: Mapping[str, Any], pair: Pair) -> Iterator[str]:
    answers, groups = pair.a, document["data"]["groups"]
    each = (f"{name}: {(answers.labels == k).sum()}" for k, name in enumerate(answers.names))
    yield f"{len(answers)} {answers.what} in {groups} groups. {', '.join(each)}"
    if answers.positive is not None:
        yield f"Sensitivity is of {answers.names[answers.positive]}."
    if pair.left_out:
        yield (
            f"{pair.left_out} left out: {pair.refused_by_a} could not be classified by A, "
            f"{pair.refused_by_b} by B."
        )


def _line(name: str, figure: PairedFigure) -> str:
    difference = figure.difference
    if not math.isfinite(difference.value):
        return f"{name:20}undefined"
    low, high = signed(difference.low), signed(difference.high)
    told = f"{signed(difference.value)} ({low} to {high})"
    chance = written_chance(figure.chance)
    return f"{name:20}{figure.a:8.4f}{figure.b:8.4f}   {told:30}{chance}".rstrip()


def _doubts(figures: Mapping[str, PairedFigure]) -> Iterator[str]:
    area = figures.get("auc")
    for name, value in (("A", area.a), ("B", area.b)) if area else ():
        if value < _CHANCE_OF_GUESSES:
            yield (
                f"Note: the AUC of {name} is under 0.5. Are its labels in the wrong order? "
                "'vistazo evaluate' says more."
            )

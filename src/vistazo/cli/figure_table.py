"""Measured figures as a table, for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from vistazo.answers.costs import cost_sentences
from vistazo.answers.likeness import OUT_OF_DISTRIBUTION
from vistazo.cli.worth import worths
from vistazo.models.card import Card
from vistazo.models.words import spoken
from vistazo.training.measures import FIGURES
from vistazo.training.other import LEFT_OUT, UNREADABLE
from vistazo.training.report import in_words

_SHOWN = FIGURES | {OUT_OF_DISTRIBUTION: "out of distribution"}
LINE_WIDTH = 100
_NAME_WIDTH, _CELL_WIDTH = 20, 26
_COLUMNS = 3


def notes(remarks: Iterable[str]) -> Iterator[str]:
    """The lines of each, and an empty one."""
    for remark in remarks:
        yield from textwrap.wrap(f"Note: {remark}", LINE_WIDTH, break_on_hyphens=False)
        yield ""


def sentences(card: Card, figures: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The lines of what each part comes to, and an empty one; notes stand beside the figures."""
    told_of = [str(replace(worth, note="")) for worth in worths(card, figures)]
    for told in [*told_of, *(each["en"] for each in cost_sentences(card, figures))]:
        yield from textwrap.wrap(told, LINE_WIDTH, break_on_hyphens=False)
        yield ""


def figure_table(figures: Mapping[str, Mapping[str, Any]], what: str = "pictures") -> list[str]:
    """A column for each part, a line for each figure with its 95 % interval.

    Of many parts, one table below the other.
    """
    parts = [*figures]
    shown = [parts[start : start + _COLUMNS] for start in range(0, len(parts), _COLUMNS)]
    tables = [_table({part: figures[part] for part in some}, what) for some in shown]
    return [line for place, table in enumerate(tables) for line in ([""] * (place > 0) + table)]


def _table(figures: Mapping[str, Mapping[str, Any]], what: str) -> list[str]:
    heads = [textwrap.wrap(part.replace("_", " "), _CELL_WIDTH - 2) for part in figures]
    lines = [
        _line("", [head[row] if row < len(head) else "" for head in heads])
        for row in range(max(map(len, heads)))
    ]
    lines += [
        _line(name, [str(measured[name]) for measured in figures.values()])
        for name in (what, "groups")
    ]
    per_label = [measured.get(f"{what}_per_label", {}) for measured in figures.values()]
    for label in next(filter(None, per_label), {}):
        lines.append(_line(f"  {label}", [str(counts.get(label, "")) for counts in per_label]))
    for name, shown in _SHOWN.items():
        if any(name in measured for measured in figures.values()):
            cells = [measured.get(name) for measured in figures.values()]
            lines.append(_line(shown, ["" if cell is None else in_words(cell) for cell in cells]))
    return lines


def beside(figures: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What has to be known of a part beside its figures: a line for each."""
    for part, measured in figures.items():
        name = part.replace("_", " ")
        if "note" in measured:
            yield from textwrap.wrap(f"{name}: {spoken(measured['note'])}", LINE_WIDTH)
        for count in (LEFT_OUT, UNREADABLE):
            if count in measured:
                yield f"{name}: {measured[count]} {count.replace('_', ' ')}"


def _line(name: str, cells: list[str]) -> str:
    padded = "".join(f"  {cell:{_CELL_WIDTH}}" for cell in cells)
    return f"{name:{_NAME_WIDTH}}{padded}".rstrip()

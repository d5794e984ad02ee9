"""Measured figures as a table, for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vistazo.training.measures import FIGURES
from vistazo.training.report import in_words

LINE_WIDTH = 100
_NAME_WIDTH, _CELL_WIDTH = 18, 26


def notes(remarks: Iterable[str]) -> Iterator[str]:
    """The lines of each, and an empty one."""
    for remark in remarks:
        yield from textwrap.wrap(f"Note: {remark}", LINE_WIDTH, break_on_hyphens=False)
        yield ""


def figure_table(figures: Mapping[str, Mapping[str, Any]], what: str = "pictures") -> list[str]:
    """A column for each part, a line for each figure with its 95 % interval."""
    heads = [textwrap.wrap(part.replace("_", " "), _CELL_WIDTH - 2) for part in figures]
    lines = [
        _line("", [head[row] if row < len(head) else "" for head in heads])
        for row in range(max(map(len, heads)))
    ]
    lines += [
        _line(name, [str(measured[name]) for measured in figures.values()])
        for name in (what, "groups")
    ]
    for label in next(iter(figures.values()))[f"{what}_per_label"]:
        counts = [str(measured[f"{what}_per_label"][label]) for measured in figures.values()]
        lines.append(_line(f"  {label}", counts))
    for name, shown in FIGURES.items():
        if any(name in measured for measured in figures.values()):
            lines.append(_line(shown, [in_words(measured[name]) for measured in figures.values()]))
    return lines


def _line(name: str, cells: list[str]) -> str:
    padded = "".join(f"  {cell:{_CELL_WIDTH}}" for cell in cells)
    return f"{name:{_NAME_WIDTH}}{padded}".rstrip()

"""How good a model is, in sentences."""

from __future__ import annotations

import pytest

from builders import card
from vistazo.cli.worth import worth_lines, worths
from worth_cases import CASES, WorthCase, of_two


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_figures_are_told_in_sentences(case: WorthCase) -> None:
    output = {"kind": "softmax"}
    model = card(labels=case.labels, output=output, figures={case.name: case.group}, **case.card)
    assert " ".join(map(str, worths(model, model.figures))) == case.told


def test_inspect_tells_each_group_in_lines_of_its_own_and_nothing_that_a_terminal_obeys() -> None:
    groups = {"own": of_two(0.97, 0.94), "other": of_two(0.9, 0.9, note="\x1b[31mred"), "odd": 3}
    lines = list(worth_lines(card(figures=groups)))
    assert lines[0].startswith("  how good   Own (626 pictures): of 100 ")
    assert sum(line.startswith("             Other (626 pictures): ") for line in lines) == 1
    assert "?[31mred" in "".join(lines)
    assert all(len(line) <= 100 and line.isprintable() for line in lines)


def test_where_nothing_was_measured_inspect_says_so() -> None:
    assert list(worth_lines(card())) == ["  how good   not measured: its card has no such figures"]

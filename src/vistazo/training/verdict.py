"""Whether one model is better than another: one figure, one rule, one sentence."""

from __future__ import annotations

import math
from typing import Literal

from vistazo.errors import InputError, SettingsError
from vistazo.training.measures import BETTER_WHEN_LESS, FIGURES
from vistazo.training.paired import PairedFigure
from vistazo.training.pairing import Pair

Verdict = Literal["better", "worse", "no_difference"]
LEAST_CHANCE = 0.05
# Of as many pieces of evidence that all say the same, chance gives a twentieth: 2 / 2**6 < 0.05.
FEWEST_GROUPS = 6
_LEAST_WRITTEN = 0.0001
RULE = (
    "Better or worse: the 95 % interval of the difference leaves out 0, and the paired test gives "
    f"p < {LEAST_CHANCE}; of one figure, chosen before."
)


def deciding_figure(pair: Pair, asked: str | None) -> str:
    """The one ``asked`` for; else ``auc`` for two labels, where both models have one, or
    ``accuracy``.
    """
    has_auc = "choices" not in (pair.a.numbers, pair.b.numbers)
    return asked or ("auc" if has_auc and pair.a.positive is not None else "accuracy")


def check_decides(figures: dict[str, PairedFigure], by: str) -> None:
    """Raises SettingsError where the models do not have the figure, InputError where the labels of
    the data leave it undefined.
    """
    if by not in figures:
        raise SettingsError(f"These two have no {by}. Choose --by of {', '.join(figures)}.")
    if not math.isfinite(figures[by].difference.value):
        raise InputError(
            f"{by} is undefined: what both answered has not every label. Add some of the others, "
            "or choose --by accuracy."
        )


def judge(name: str, figure: PairedFigure) -> Verdict:
    """As RULE says. With few pictures an interval alone is too sure of itself, and so is a test
    of groups that are not alike: both have to agree.
    """
    difference, chance = figure.difference, figure.chance
    if chance is None or chance >= LEAST_CHANCE or not difference.low * difference.high > 0:
        return "no_difference"
    is_gain = (difference.value > 0) != (name in BETTER_WHEN_LESS)
    return "better" if is_gain else "worse"


def sentence(name: str, figure: PairedFigure, verdict: Verdict, pair: Pair) -> str:
    told, difference = FIGURES[name], figure.difference
    beginning = (
        f"No difference that {len(pair.a)} {pair.a.what} can show"
        if verdict == "no_difference"
        else f"B is {verdict}"
    )
    return (
        f"{beginning}: the {told} of B is {figure.b:.4f}, that of A {figure.a:.4f}. B - A is "
        f"{signed(difference.value)} ({signed(difference.low)} to {signed(difference.high)}), "
        f"p: {written_chance(figure.chance)}."
    )


def written_chance(chance: float | None) -> str:
    """``0.0312``, ``< 0.0001``; nothing where nothing was tested."""
    if chance is None:
        return ""
    return f"{chance:.4f}" if chance >= _LEAST_WRITTEN else f"< {_LEAST_WRITTEN}"


def signed(value: float) -> str:
    """``+0.0120``; nothing is ``0.0000``, without a sign."""
    return f"{value:+.4f}" if round(value, 4) else "0.0000"

"""Whether what is said with 80 % is so in 80 of 100 cases."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.typing import FillStyleType

from vistazo.training.answers import Answers
from vistazo.training.curves import Bin, reliability
from vistazo.training.evaluation import BINS
from vistazo.training.plots.chart import COLOURS, GREY, chart, counted, short
from vistazo.training.report import in_words

_FEW = 10


def draw_reliability(answers: Answers, measured: Mapping[str, Any], path: Path) -> None:
    """Draw how often it is so when a probability is said, and below how often that is said.

    As for the calibration error: of the positive label, or with more labels of the predicted one.
    """
    if answers.positive is None:
        said, is_so = answers.confidence, answers.predicted == answers.labels
        what, share = "the predicted label", "Share that is right"
    else:
        said, is_so = answers.probabilities[:, answers.positive], answers.labels == answers.positive
        what = short(answers.names[answers.positive])
        share = f"Share that is {what}"
    error = in_words(measured["expected_calibration_error"])
    with chart(path, f"Reliability: calibration error {error}", counted(answers)) as figure:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        above.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", label="as said")
        bins = reliability(said, is_so)
        _draw(above, [b for b in bins if b.count >= _FEW], "measured, with 95 % interval", "full")
        few = f"fewer than {_FEW} {answers.what}"
        _draw(above, [b for b in bins if b.count < _FEW], few, "none")
        above.set(xlim=(-0.02, 1.02), ylim=(-0.03, 1.04), ylabel=share)
        above.legend(loc="best", framealpha=0.9)
        _, _, bars = below.hist(said, bins=BINS, range=(0, 1), color=COLOURS[0], rwidth=0.9)
        below.bar_label(bars, fontsize=8, color=GREY)
        below.margins(y=0.25)
        below.set(xlabel=f"Probability of {what}", ylabel=answers.what.capitalize())


def _draw(axes: Axes, bins: list[Bin], label: str, fill: FillStyleType) -> None:
    if not bins:
        return
    axes.errorbar(
        [b.said for b in bins],
        [b.share for b in bins],
        [[b.share - b.low for b in bins], [b.high - b.share for b in bins]],
        fmt="o",
        fillstyle=fill,
        color=COLOURS[0],
        ecolor=COLOURS[5],
        markersize=8,
        elinewidth=1.5,
        capsize=3,
        label=label,
    )

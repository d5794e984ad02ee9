"""The curves of all thresholds: ROC, and precision over recall."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from vistazo.training.answers import Answers
from vistazo.training.curves import average_precision, precision_recall, roc
from vistazo.training.evaluation import auc
from vistazo.training.plots.chart import COLOURS, GREY, chart, counted, short
from vistazo.training.report import in_words

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]
Points = Callable[[Floats, Truth], tuple[Floats, Floats]]

_MOST_CURVES = 6  # more cannot be told apart
_CLOSE_UP = 0.2
_CLOSE_UP_FROM = 0.97


def draw_roc(answers: Answers, measured: Mapping[str, Any], path: Path) -> None:
    """Draw sensitivity over the false positive rate: of the positive label, or of each label."""
    title = f"ROC: {_mean(answers)}AUC {in_words(measured['auc'])}"
    with chart(path, title, counted(answers)) as figure:
        axes = figure.subplots()
        axes.set(xlabel="False positive rate (1 - specificity)", ylabel="Sensitivity")
        panes = [axes]
        if answers.positive is not None and (measured["auc"]["value"] or 0) >= _CLOSE_UP_FROM:
            panes.append(_close_up(axes, (0.38, 0.29, 0.56, 0.54), right=_CLOSE_UP))
        for pane in panes:
            pane.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", label="chance")
        _draw(panes, answers, roc, _of_each(answers, auc), "AUC")
        if answers.positive is not None:
            said, so = answers.predicted == answers.positive, answers.labels == answers.positive
            spot = _share(said & ~so, ~so), _share(said & so, so)
            text = f"{answers.way}: sensitivity {spot[1]:.4f}, "
            _mark(panes, spot, text + f"specificity {1 - spot[0]:.4f}")
        axes.legend(loc="lower right", framealpha=0.9)


def draw_precision_recall(answers: Answers, path: Path) -> None:
    """Draw precision over recall: of the positive label, or of each label."""
    values = _of_each(answers, average_precision)
    mean = float(np.mean(list(values.values()))) if values else 0.0
    told = f"{mean:.4f}" if values else "undefined"
    title = f"Precision and recall: {_mean(answers)}average precision {told}"
    with chart(path, title, counted(answers)) as figure:
        axes = figure.subplots()
        axes.set(xlabel="Recall (sensitivity)", ylabel="Precision", ylim=(-0.02, 1.03))
        panes = [axes]
        if answers.positive is not None and mean >= _CLOSE_UP_FROM:
            panes.append(_close_up(axes, (0.13, 0.29, 0.56, 0.54), right=1))
        _draw(panes, answers, precision_recall, values, "AP")
        if answers.positive is not None:
            said, so = answers.predicted == answers.positive, answers.labels == answers.positive
            for pane in panes:
                pane.axhline(so.mean(), color=GREY, linewidth=1, linestyle=":", label="chance")
            spot = _share(said & so, so), _share(said & so, said)
            text = f"{answers.way}: recall {spot[0]:.4f}, precision {spot[1]:.4f}"
            _mark(panes, spot, text)
        axes.legend(loc="lower left" if answers.positive is not None else "best", framealpha=0.9)


def _mean(answers: Answers) -> str:
    return "mean " if answers.positive is None else ""


def _of_each(answers: Answers, measure: Callable[[Floats, Truth], float]) -> dict[int, float]:
    """Of the positive label, or of every label that there is, by column."""
    columns = range(len(answers.names)) if answers.positive is None else [answers.positive]
    values = {k: measure(answers.probabilities[:, k], answers.labels == k) for k in columns}
    return {k: value for k, value in values.items() if np.isfinite(value)}


def _draw(
    panes: Sequence[Axes], answers: Answers, points: Points, values: Mapping[int, float], what: str
) -> None:
    """Draw a curve for each label, the lowest value first.

    Of pictures with one score none comes first: ROC goes straight past them. Precision is no
    straight line between two thresholds, so it is drawn, and added up, in steps.
    """
    how = "steps-pre" if points is precision_recall else "default"
    shown = sorted(values, key=lambda k: values[k])[:_MOST_CURVES]
    for place, k in enumerate(shown):
        x, y = points(answers.probabilities[:, k], answers.labels == k)
        label = f"{short(answers.names[k])}, {what} {values[k]:.4f}"
        for pane in panes:
            pane.plot(x, y, color=COLOURS[place], linewidth=2, label=label, drawstyle=how)
    if len(shown) < len(values):
        panes[0].plot([], [], " ", label=f"and {len(values) - len(shown)} labels that are higher")


def _mark(panes: Sequence[Axes], spot: tuple[float, float], text: str) -> None:
    for pane in panes:
        pane.plot(*spot, "o", color=COLOURS[1], markersize=8, label=text, zorder=3)


def _close_up(axes: Axes, place: tuple[float, float, float, float], right: float) -> Axes:
    left, bottom, width, height = place
    behind = (left - 0.1, bottom - 0.07), width + 0.15, height + 0.13
    axes.add_patch(Rectangle(*behind, transform=axes.transAxes, color="white", zorder=2.5))
    pane = axes.inset_axes(place)
    steps = np.linspace(0, _CLOSE_UP, 5)
    pane.set(xlim=(right - _CLOSE_UP, right), ylim=(1 - _CLOSE_UP, 1.004))
    pane.set(xticks=right - _CLOSE_UP + steps, yticks=1 - _CLOSE_UP + steps)
    pane.tick_params(labelsize=9)
    pane.set_title("close-up", fontsize=9, color=GREY, pad=4)
    return pane


def _share(part: Truth, whole: Truth) -> float:
    return int(part.sum()) / int(whole.sum()) if whole.any() else float("nan")

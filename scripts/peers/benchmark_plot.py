"""Requests a second of each contender, a panel for each model, as SVG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark_results import Results
from contenders import CONTENDERS, LIMIT, VISTAZO
from ratios import Spread

_OURS, _OTHERS, _LIMIT_COLOUR = "#1f5fa8", "#b9c2cc", "#444444"
_WIDTH, _ROW, _FRAME = 8.0, 0.26, 0.9  # inches


def write_plot(results: Results, path: Path) -> None:
    """Bars are medians, lines the spread; a broken line is the limit."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams.update({"svg.hashsalt": "vistazo", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot as plt

    heights = [_FRAME + _ROW * len(_bars(results, model)) for model in results.models]
    figure, panels = plt.subplots(
        len(heights),
        1,
        figsize=(_WIDTH, sum(heights)),
        gridspec_kw={"height_ratios": heights},
        squeeze=False,
    )
    for panel, model in zip(panels[:, 0], results.models, strict=True):
        _draw(panel, results, model)
    panels[-1, 0].set_xlabel(f"requests a second, {results.pace.connections} connections")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _bars(results: Results, model: str) -> list[tuple[str, Spread, str]]:
    """Title, spread and colour of each that gave a figure; the fastest last, which is on top."""
    found = [
        (one.title, spread, _OURS if one.key == VISTAZO else _OTHERS)
        for one in CONTENDERS
        if (spread := Spread.of(turn.per_s for turn in results.turns(model, one.key)))
    ]
    return sorted(found, key=lambda bar: bar[1].median)


def _draw(panel: Any, results: Results, model: str) -> None:
    bars = _bars(results, model)
    medians = [spread.median for _, spread, _ in bars]
    below = [spread.median - spread.low for _, spread, _ in bars]
    above = [spread.high - spread.median for _, spread, _ in bars]
    panel.barh(
        [title for title, _, _ in bars],
        medians,
        xerr=[below, above],
        color=[colour for _, _, colour in bars],
        error_kw={"ecolor": _LIMIT_COLOUR, "elinewidth": 1},
    )
    limit = Spread.of(turn.per_s for turn in results.turns(model, LIMIT))
    if limit:
        panel.axvline(limit.median, color=_LIMIT_COLOUR, linestyle="--", linewidth=1)
        place = {"xy": (limit.median, 1), "xycoords": ("data", "axes fraction")}
        panel.annotate("in process", **place, ha="center", va="bottom", color=_LIMIT_COLOUR)
    panel.set_title(model, loc="left", fontweight="bold")
    panel.spines[["top", "right"]].set_visible(False)

"""What all charts share: size, type, colours, and how a title is worded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from vistazo.training.answers import Answers

# Okabe and Ito 2008: told apart by every kind of colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GREY = "#666666"
CHART_PX = (960, 900)

_DPI = 150
_LONGEST_LINE = 80
_LONGEST_NAME = 22
_PADDING_INCH = 0.1
_COLOURS_PER_CHART = 128


@contextmanager
def chart(
    path: Path, title: str, subtitle: str = "", size_px: tuple[int, int] = CHART_PX
) -> Iterator[Figure]:
    """Yield a figure to be filled, and write it as PNG; a chart of the usual size as a small one.

    The subtitle goes above the first axes.
    """
    with mpl.rc_context(
        {
            "font.size": 11.0,
            "axes.labelsize": 12.0,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": GREY,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#E8E8E8",
            "text.parse_math": False,  # a label with dollar signs is a label
        }
    ):
        figure = Figure(figsize=(size_px[0] / _DPI, size_px[1] / _DPI), dpi=_DPI)
        figure.set_layout_engine("constrained", w_pad=_PADDING_INCH, h_pad=_PADDING_INCH)
        figure.suptitle(title, x=0.02, ha="left", fontsize=12.5, fontweight="bold")
        yield figure
        if subtitle:
            figure.axes[0].set_title(subtitle, loc="left", fontsize=10, color=GREY)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png")
        image = Image.open(drawn).convert("RGB")
        if size_px == CHART_PX:
            image = image.quantize(_COLOURS_PER_CHART, dither=Image.Dither.NONE)
        image.save(path, "PNG", optimize=True)


def counted(answers: Answers) -> str:
    """Say how many pictures, and of what."""
    groups = len(np.unique(answers.groups))
    text = f"{len(answers)} {answers.what}"
    if groups != len(answers):
        text += f" of {groups} groups"
    counts = [f"{name} {(answers.labels == k).sum()}" for k, name in enumerate(answers.names)]
    of_each = f"{text}: {', '.join(counts)}"
    return of_each if len(of_each) <= _LONGEST_LINE else f"{text}, {len(counts)} labels"


def short(name: str, most: int = _LONGEST_NAME) -> str:
    """Leave out the middle of a long name."""
    half = (most - 1) // 2
    return name if len(name) <= most else f"{name[:half]}…{name[-half:]}"

"""The pictures that were answered most wrongly. They may show patients: not for publication."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from vistazo.pictures import ImageLimits, open_image
from vistazo.training.answers import Answers
from vistazo.training.collection import LabelledPicture
from vistazo.training.plots.chart import chart, short

COLUMNS, MOST_SHOWN = 4, 12
CELL_PX = (360, 420)
_HEAD_PX = 130
_LEAST_PX = 240


def draw_mistakes(
    answers: Answers, pictures: Sequence[LabelledPicture], limits: ImageLimits, path: Path
) -> None:
    """Draw the worst mistakes in reading order: least probability of the true label first."""
    worst = answers.mistakes[:MOST_SHOWN]
    rows = max(1, -(-len(worst) // COLUMNS))
    size = COLUMNS * CELL_PX[0], rows * CELL_PX[1] + _HEAD_PX
    with chart(path, _title(answers), size_px=size) as figure:
        cells = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for cell in cells:
            cell.set_axis_off()
        for cell, row in zip(cells, worst, strict=False):
            _show(cell, pictures[row], limits)
            cell.set_title(_said(answers, row), fontsize=10)


def _said(answers: Answers, row: int) -> str:
    truth, given = answers.labels[row], answers.predicted[row]
    true_name, given_name = short(answers.names[truth], 16), short(answers.names[given], 16)
    said = answers.probabilities[row]
    return f"is {true_name}: {said[truth]:.1%}\ncalled {given_name}: {said[given]:.1%}"


def _title(answers: Answers) -> str:
    found = len(answers.mistakes)
    if not found:
        return f"No mistakes in {len(answers)} pictures"
    shown = "" if found <= MOST_SHOWN else f", the {MOST_SHOWN} worst"
    return f"Mistakes: {found} of {len(answers)} pictures{shown}"


def _show(cell: Axes, picture: LabelledPicture, limits: ImageLimits) -> None:
    decoded = open_image(picture.encoded(), limits).decode(at_least=(_LEAST_PX, _LEAST_PX))
    pixels = np.rint(decoded.pixels).astype(np.uint8)
    cell.imshow(pixels, cmap="gray", vmin=0, vmax=255)
    name = short(Path(picture.name).name, 34)
    cell.text(0.5, -0.03, name, transform=cell.transAxes, ha="center", va="top", fontsize=7)

"""An evaluation as pictures: one file each. Matplotlib is reached through this package alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vistazo.pictures import ImageLimits
from vistazo.training.answers import Answers
from vistazo.training.collection import LabelledPicture
from vistazo.training.plots.confusion import draw_confusion
from vistazo.training.plots.mistakes import draw_mistakes
from vistazo.training.plots.rates import draw_precision_recall, draw_roc
from vistazo.training.plots.reliability import draw_reliability

FILES = ("roc.png", "precision_recall.png", "reliability.png", "confusion.png", "mistakes.png")


def draw_all(
    answers: Answers,
    measured: Mapping[str, Any],
    pictures: Sequence[LabelledPicture],
    limits: ImageLimits,
    out: Path,
) -> None:
    """Draw the answers, measured as ``report`` does, into a folder: the FILES.

    ``pictures`` are those of the answers, row by row; the mistakes among them are shown.
    """
    draw_figures(answers, measured, out)
    draw_mistakes(answers, pictures, limits, out / "mistakes.png")


def draw_figures(answers: Answers, measured: Mapping[str, Any], out: Path) -> None:
    """Draw all but the mistakes, as far as what the model gives makes them possible."""
    if answers.numbers != "choices":
        draw_roc(answers, measured, out / "roc.png")
        draw_precision_recall(answers, out / "precision_recall.png")
    if answers.numbers == "probabilities":
        draw_reliability(answers, measured, out / "reliability.png")
    draw_confusion(answers, measured, out / "confusion.png")

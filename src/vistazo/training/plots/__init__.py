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
    roc, precision_recall, reliability, confusion, mistakes = (out / name for name in FILES)
    draw_roc(answers, measured, roc)
    draw_precision_recall(answers, precision_recall)
    draw_reliability(answers, measured, reliability)
    draw_confusion(answers, measured, confusion)
    draw_mistakes(answers, pictures, limits, mistakes)

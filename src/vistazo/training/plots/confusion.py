"""How many pictures of each label were called what."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vistazo.training.answers import Answers
from vistazo.training.evaluation import confusion_of_labels
from vistazo.training.plots.chart import chart, counted, short
from vistazo.training.report import in_words

_MOST_WRITTEN_OUT = 8  # labels; beyond that the counts do not fit their squares
_MOST_NAMED, _WIDEST = 40, 48  # labels, and characters of all of them side by side
_DARK = 0.5


def draw_confusion(answers: Answers, measured: Mapping[str, Any], path: Path) -> None:
    """Draw a square for each true and each predicted label, dark by its share of the true one."""
    size = len(answers.names)
    counts = confusion_of_labels(answers.labels, answers.predicted, size)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [short(name, 14) for name in answers.names]
    text_size = 14 if size == 2 else max(5, 12 - size // 2)
    title = f"Confusion: accuracy {in_words(measured['accuracy'])}"
    with chart(path, title, counted(answers)) as figure:
        axes = figure.subplots()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.grid(visible=False)
        axes.set(xlabel=_answer(answers), ylabel="True label")
        if size <= _MOST_NAMED:
            name_size, turned = max(6, 12 - size // 4), 90 if len("".join(names)) > _WIDEST else 0
            axes.set_xticks(range(size), names, rotation=turned, fontsize=name_size)
            axes.set_yticks(range(size), names, fontsize=name_size)
        if size <= _MOST_WRITTEN_OUT:
            for (row, column), share in np.ndenumerate(shares):
                axes.text(
                    column,
                    row,
                    f"{counts[row, column]}\n{share:.1%}",
                    ha="center",
                    va="center",
                    fontsize=text_size,
                    color="white" if share > _DARK else "black",
                )


def _answer(answers: Answers) -> str:
    if answers.positive is None:
        return "Predicted label"
    if answers.decided is not None:
        return "Predicted label"
    positive = short(answers.names[answers.positive])
    return f"Predicted label ({positive} from {answers.threshold:g} on)"

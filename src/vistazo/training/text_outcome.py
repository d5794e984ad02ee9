"""What a run on texts leaves beside the model: the card and evaluation.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vistazo.models.card_file import card_path, write_card
from vistazo.models.sample_card import SampleOutput, TextCard, TextSpec
from vistazo.training.answers import Answers
from vistazo.training.checkpoint import replace_whole
from vistazo.training.evaluation import RESAMPLES
from vistazo.training.labelled_texts import LabelledTexts
from vistazo.training.plots import draw_figures
from vistazo.training.report import EVALUATION, file_sha256, measure_answers, write_json
from vistazo.training.text_config import TextTrainingConfig

_PARTS_ON_THE_CARD = {
    "development": "unseen_texts_mostly_of_the_same_groups",
    "unseen_groups": "cross_validation_on_groups_never_seen",
}
_DRAWN = "unseen_groups"
_ON_THE_CARD = (
    "texts",
    "groups",
    "texts_per_label",
    "auc",
    "accuracy",
    "sensitivity",
    "specificity",
    "f1",
    "brier",
    "expected_calibration_error",
)


@dataclass(frozen=True, eq=False)
class TextRun:
    """What was learned from ``seen``, the first of ``every`` text, and what it came to.

    ``platt`` are the slope and the offset that are in the weights already.
    """

    config: TextTrainingConfig
    seen: LabelledTexts
    every: LabelledTexts
    uncertain_band: tuple[float, float] | None
    limits: TextSpec
    platt: tuple[float, float]
    weight_count: int


def write_text_outcome(model_path: Path, run: TextRun, parts: Mapping[str, Answers]) -> None:
    """Write the card, ``evaluation.json`` and plots beside a model that has been saved."""
    figures = {part: measure_answers(answers) for part, answers in parts.items()}
    write_json(model_path.with_name(EVALUATION), _evaluation(model_path, run) | figures)
    draw_figures(parts[_DRAWN], figures[_DRAWN], model_path.parent)
    card = _card(model_path, run, figures)
    replace_whole(card_path(model_path), lambda part: write_card(card, part))


def _evaluation(model_path: Path, run: TextRun) -> dict[str, Any]:
    config = run.config
    return {
        "model": {
            "name": config.name,
            "version": config.version,
            "sha256": file_sha256(model_path),
            "weights": run.weight_count,
        },
        "data": {
            "sha256": run.seen.sha256,
            "training_texts": len(run.seen),
            "training_groups": len(np.unique(run.seen.groups)),
            "texts": len(run.every),
            "groups": len(np.unique(run.every.groups)),
        },
        "how": _method(config),
        "platt": {"slope": run.platt[0], "offset": run.platt[1]},
        "uncertain_band": run.uncertain_band,
        "input": run.limits.model_dump(),
        "seed": config.seed,
    }


def _method(config: TextTrainingConfig) -> dict[str, str]:
    return {
        "development": "The model as it was saved, on texts that it did not learn from; most are "
        "of groups that it did.",
        "development_of_unseen_groups": "Those of them whose groups it did not see.",
        "unseen_groups": f"Not this model but its recipe: {config.folds} folds of all texts, those "
        "of development too; each text was answered by a model that saw no text of its group. "
        "This is what to expect of groups that nobody has seen.",
        "calibration": "Platt's slope and offset, from training texts whose groups were held out; "
        "in unseen_groups each fold's from the other folds.",
        "intervals": f"95 %: percentile bootstrap over groups, {RESAMPLES} resamples.",
        "scored_with": "scikit-learn.",
    }


def _card(model_path: Path, run: TextRun, figures: Mapping[str, Mapping[str, Any]]) -> TextCard:
    config = run.config
    shown = {
        told: {name: figures[part][name] for name in _ON_THE_CARD}
        for part, told in _PARTS_ON_THE_CARD.items()
        if part in figures
    }
    return TextCard(
        name=config.name,
        version=config.version,
        labels=config.labels,
        positive=config.positive,
        input=run.limits,
        output=SampleOutput(uncertain_band=run.uncertain_band),
        sha256=file_sha256(model_path),
        figures=shown,
        **config.card.model_dump(),
    )

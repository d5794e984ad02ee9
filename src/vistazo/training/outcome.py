"""After the last epoch: the operating point, the figures, the card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.decision import with_temperature
from vistazo.answers.discriminant import Told
from vistazo.training.answers import Answers
from vistazo.training.calibration import (
    OperatingPoint,
    balanced_weights,
    equal_error_threshold,
    fit_temperature,
    threshold_of_sensitivity,
    uncertain_band,
)
from vistazo.training.config import TrainingConfig
from vistazo.training.datasets import Pictures
from vistazo.training.other import UNREADABLE, OtherPictures
from vistazo.training.progress import Progress
from vistazo.training.report import (
    Run,
    measure_answers,
    measure_told,
    measure_unlabelled,
    write_evaluation,
    write_model_card,
)
from vistazo.training.shortcuts import fit_look, misleading
from vistazo.training.splits import Split
from vistazo.training.strangeness import IsStrange, strangeness

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


class Trained(Protocol):
    """A network after its last epoch. Pixels are 0..255, not yet scaled."""

    @property
    def history(self) -> Sequence[dict[str, float]]: ...
    @property
    def weight_count(self) -> int: ...
    def probabilities(self, pixels: NDArray[np.uint8] | NDArray[np.float32]) -> Floats: ...
    def views(self, pixels: NDArray[np.uint8], seed: int) -> NDArray[np.float32]: ...


def settle(
    config: TrainingConfig,
    pictures: Pictures,
    split: Split,
    trained: Trained,
    *,
    model_path: Path,
    progress: Progress,
) -> Run:
    """Choose the operating point of weights that have been saved, and write their card.

    It has no figures yet, but the model can be served: what it calls strange is measured so.
    """
    progress.say("choosing the operating point on validation pictures")
    point = choose_operating_point(config, pictures, split.validation, trained)
    run = Run(config, pictures, split, point, trained.history, trained.weight_count)
    write_model_card(model_path, run, {})
    return run


def write_outcome(
    run: Run,
    trained: Trained,
    other: Sequence[OtherPictures],
    told: Sequence[Told] = (),
    *,
    model_path: Path,
    progress: Progress,
) -> None:
    """Write ``evaluation.json``, and the card with its figures.

    The share of strange pictures is among them where a baseline lies beside the model, and what it
    ``told`` of those in ``baseline.unlike``.
    """
    with strangeness(model_path, progress) as is_strange:
        judge = _Judge(run, trained, is_strange)
        figures = {
            part: judge.of_own(rows)
            for part, rows in parts_to_measure(run.config, run.pictures, run.split).items()
        }
        figures |= {some.name: judge.of_other(some) for some in other}
    figures |= measure_told(run.config.baseline, told)
    write_evaluation(model_path, run, figures)
    write_model_card(model_path, run, figures)
    said = ("auc", "accuracy", "expected_calibration_error")
    held_out = ", ".join(f"{name} {figures['holdout'][name]['value']}" for name in said)
    progress.say(f"held out: {held_out}, at threshold {run.point.threshold}")


@dataclass(frozen=True, eq=False)
class _Judge:
    """Measures pictures at the run's temperature and threshold."""

    run: Run
    trained: Trained
    is_strange: IsStrange

    def of_own(self, rows: Rows) -> dict[str, Any]:
        own = self.run.pictures
        return measure_answers(self._answers(own.pixels[rows], own.labels[rows], own.groups[rows]))

    def of_other(self, other: OtherPictures) -> dict[str, Any]:
        rows = other.readable
        answers = self._answers(other.pixels, other.labels[rows], other.groups[rows])
        unread = len(other.pictures) - len(rows)
        measure = measure_answers if other.is_labelled else measure_unlabelled
        return measure(answers) | other.told() | ({UNREADABLE: unread} if unread else {})

    def _answers(self, pixels: NDArray[np.uint8], labels: Rows, groups: Rows) -> Answers:
        config, point = self.run.config, self.run.point
        return Answers(
            probabilities=with_temperature(self.trained.probabilities(pixels), point.temperature),
            labels=labels,
            groups=groups,
            names=config.labels,
            positive=config.positive_index if config.is_binary else None,
            threshold=point.threshold,
            out_of_distribution=self.is_strange(pixels),
            costs=config.card.costs,
        )


def parts_to_measure(config: TrainingConfig, pictures: Pictures, split: Split) -> dict[str, Rows]:
    """Name the pictures to report on, as row numbers."""
    parts = {"holdout": split.holdout, "validation": split.validation}
    if config.is_binary:
        seen, unseen = split.training, split.holdout
        look = fit_look(pictures.pixels[seen], pictures.labels[seen])
        misled = misleading(look.scores(pictures.pixels[unseen]), pictures.labels[unseen])
        parts["holdout_with_misleading_look"] = unseen[misled]
    return parts


def choose_operating_point(
    config: TrainingConfig, pictures: Pictures, rows: Rows, trained: Trained
) -> OperatingPoint:
    """Fit temperature and, for two labels, threshold on the pictures and changed views of them.

    On the pictures as they are, of training's own collection, a network is surer than it should be
    of any others.
    """
    pixels = pictures.pixels[rows]
    views = range(1, config.threshold.views + 1)
    changed = (trained.probabilities(trained.views(pixels, seed)) for seed in views)
    seen = np.concatenate([trained.probabilities(pixels), *changed])
    labels = np.tile(pictures.labels[rows], len(views) + 1)
    weights = balanced_weights(labels) if config.fit.balance_classes else None
    temperature = round(fit_temperature(seen, labels, weights), 4)
    if not config.is_binary:
        return OperatingPoint(temperature, 0.5, None)
    scores = with_temperature(seen, temperature)[:, config.positive_index]
    truth = labels == config.positive_index
    wanted = config.threshold.sensitivity
    threshold = (
        equal_error_threshold(scores, truth)
        if wanted is None
        else threshold_of_sensitivity(scores, truth, wanted)
    )
    band = uncertain_band(scores, truth, threshold) if config.threshold.uncertain_band else None
    return OperatingPoint(temperature, threshold, band)

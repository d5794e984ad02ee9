"""The training run on texts: tables in, model, card and figures out. The entry is ``train_texts``.

Texts of one paper resemble each other, and a paper seldom has both labels: a model that is measured
on papers it has seen is flattered. So all that is chosen here is chosen on papers held out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vistazo.models.sample_card import TextSpec
from vistazo.samples.classifier import SampleClassifier
from vistazo.training.answers import Answers
from vistazo.training.as_served import as_served
from vistazo.training.calibration import uncertain_band
from vistazo.training.checkpoint import replace_whole
from vistazo.training.labelled_texts import Columns, LabelledTexts, read_texts
from vistazo.training.progress import Progress
from vistazo.training.remembered_answers import keep_answers, remember_samples
from vistazo.training.tables import read_table
from vistazo.training.text_config import TextTrainingConfig
from vistazo.training.text_model import TextModel, fit_platt, folds_of, probability
from vistazo.training.text_outcome import TextRun, write_text_outcome

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

THRESHOLD = 0.5  # the estimator's own, where calibrated probabilities of both labels meet
_SHARE_UNCERTAIN = 0.2
_SHARE_STRANGE = 0.01  # of the texts of training, held out, that either limit turns away


@dataclass(frozen=True, eq=False)
class _HeldOut:
    """What models said of texts whose groups they had not seen, row by row."""

    scores: Floats
    known_share: Floats
    words: Rows
    fold: Rows


def train_texts(config: TextTrainingConfig, out: Path, progress: Progress | None = None) -> Path:
    """Train, and write ``<name>.joblib``, its card and ``evaluation.json`` into ``out``.

    Returns the model's path. Raises SettingsError for a configuration or data of no use.
    """
    out.mkdir(parents=True, exist_ok=True)
    progress = progress if progress is not None else Progress()
    seen, every = _read(config)
    progress.say(
        f"{len(seen)} texts of {len(np.unique(seen.groups))} groups to learn from, "
        f"{len(every) - len(seen)} to measure on"
    )
    held_out = _hold_out(config, seen)
    slope, offset = fit_platt(held_out.scores, seen.labels)
    model = TextModel(config).fit(seen)
    model.calibrate(slope, offset)
    path = out / f"{config.name}.joblib"
    replace_whole(path, model.save)
    run = TextRun(
        config,
        seen,
        every,
        _band(config, probability(slope * held_out.scores + offset), seen.labels),
        _limits(held_out),
        (slope, offset),
        model.weight_count,
    )
    parts = _answers(config, model, seen, every)
    write_text_outcome(path, run, parts)
    _remember_answers(path, run, progress)
    progress.say(f"the model, its card and its figures are in {out}")
    return path


def _remember_answers(path: Path, run: TextRun, progress: Progress) -> None:
    """Of the texts that were only measured on; without such of those that were learned from."""
    unseen = run.every.of(np.arange(len(run.seen), len(run.every)))
    asked = unseen if len(unseen) else run.seen
    with as_served(path) as classifier:
        assert isinstance(classifier, SampleClassifier)  # noqa: S101 - it was trained on texts
        reference = remember_samples(
            classifier, asked.texts, asked.labels.tolist(), progress, were_learned=asked is run.seen
        )
        keep_answers(reference, path, classifier, progress)


def _read(config: TextTrainingConfig) -> tuple[LabelledTexts, LabelledTexts]:
    """The texts to learn from; and these with those to measure on behind them, groups numbered
    across both, without what training repeats.
    """
    data = config.data
    columns = Columns(data.text, data.label, data.groups)
    files = [data.file, *([data.development] if data.development else [])]
    tables = [read_table(file) for file in files]
    count = len(read_texts(tables[:1], columns, config.labels))
    every = read_texts(tables, columns, config.labels)
    return every.of(np.arange(count)), every


def _hold_out(config: TextTrainingConfig, texts: LabelledTexts) -> _HeldOut:
    n = len(texts)
    found = _HeldOut(np.zeros(n), np.zeros(n), np.zeros(n, np.int64), np.zeros(n, np.int64))
    for fold, (seen, unseen) in enumerate(folds_of(texts, config.folds, config.seed)):
        model = TextModel(config).fit(texts.of(seen))
        asked = texts.of(unseen).texts
        found.scores[unseen] = model.scores(asked)
        found.known_share[unseen], found.words[unseen] = model.familiarity(asked)
        found.fold[unseen] = fold
    return found


def _band(
    config: TextTrainingConfig, of_second: Floats, labels: Rows
) -> tuple[float, float] | None:
    positive = config.positive_index
    scores = of_second if positive == 1 else 1 - of_second
    return uncertain_band(scores, labels == positive, THRESHOLD, _SHARE_UNCERTAIN)


def _limits(held_out: _HeldOut) -> TextSpec:
    known = np.quantile(held_out.known_share, _SHARE_STRANGE)
    fewest = np.quantile(held_out.words, _SHARE_STRANGE)
    return TextSpec(
        min_known_share=float(np.floor(known * 100) / 100),
        min_words=int(fewest),
        max_words=int(2 * held_out.words.max()),
    )


def _answers(
    config: TextTrainingConfig, model: TextModel, seen: LabelledTexts, every: LabelledTexts
) -> dict[str, Answers]:
    """Of the model itself, texts that it did not see; of the recipe, groups held out in turn."""
    parts = {}
    unseen = np.arange(len(seen), len(every))
    if len(unseen):
        said = probability(model.scores(every.of(unseen).texts))
        parts["development"] = _answers_of(config, said, every.of(unseen))
        is_new = ~np.isin(every.groups[unseen], seen.groups)
        if is_new.any():
            parts["development_of_unseen_groups"] = parts["development"].of(np.flatnonzero(is_new))
    said = _cross_calibrated(_hold_out(config, every), every.labels)
    parts["unseen_groups"] = _answers_of(config, said, every)
    return parts


def _cross_calibrated(held_out: _HeldOut, labels: Rows) -> Floats:
    """Probabilities of the second label, each fold's calibrated on the others."""
    said = np.zeros(len(labels))
    for fold in np.unique(held_out.fold):
        own = held_out.fold == fold
        slope, offset = fit_platt(held_out.scores[~own], labels[~own])
        said[own] = probability(slope * held_out.scores[own] + offset)
    return said


def _answers_of(config: TextTrainingConfig, of_second: Floats, texts: LabelledTexts) -> Answers:
    both = np.stack([1 - of_second, of_second], axis=1)
    return Answers(
        both,
        texts.labels,
        texts.groups,
        config.labels,
        config.positive_index,
        THRESHOLD,
        what="texts",
    )

"""``vistazo baseline``: what a model answers, kept beside it."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vistazo.answers.baseline_file import baseline_path, read_baseline
from vistazo.classifier import Classifier
from vistazo.cli.weights_file import weights_file
from vistazo.errors import SettingsError
from vistazo.loading import ModelSource, load_classifier, load_model
from vistazo.pictures.reader import DirectReader
from vistazo.samples.classifier import SampleClassifier
from vistazo.service.settings import Settings
from vistazo.training.collection import UNLABELLED, LabelledPicture
from vistazo.training.config import read_config
from vistazo.training.labelled_samples import read_samples
from vistazo.training.progress import Progress
from vistazo.training.remembered_answers import (
    FEWEST_ANSWERS,
    keep_answers,
    remember_pictures,
    remember_samples,
)
from vistazo.training.selection import check_run, select_held_out


def remember_files(
    model: Path,
    card: Path | None,
    files: Sequence[Path],
    settings: Settings,
    *,
    seen: Collection[int] = (),
    is_alone: bool = False,
) -> int:
    """Ask about each, and keep the answers; how many were answered.

    Of those at the places ``seen`` the baseline was made just now. Where this ``is_alone`` it stays
    as it was: raises ModelError too where that is of no use, and SettingsError for too few files.
    """
    progress = Progress()
    classifier = _opened(model, card, settings)
    try:
        if is_alone:
            _check_kept(model, classifier)
        pictures = [_labelled(file, classifier.card.labels) for file in files]
        found = remember_pictures(classifier, pictures, settings.threads, progress, seen=seen)
        if found is None and is_alone:
            raise SettingsError(f"Nothing is written. Give at least {FEWEST_ANSWERS} pictures.")
        keep_answers(found, model, classifier, progress)
    finally:
        classifier.close()
    return found.count if found is not None else 0


def remember_held_out_of(
    model: Path, training: Path, data: Path | None, card: Path | None, settings: Settings
) -> int:
    """Ask about what the run of a training file held out; give the exit status.

    Raises as ``remember_files``, and as ``select_held_out`` and ``check_run``.
    """
    progress, config = Progress(), read_config(training, data)
    # Other folders judge the model, and are no part of what it was made for.
    config = config.model_copy(update={"data": config.data.model_copy(update={"other": {}})})
    classifier = _opened(model, card, settings)
    try:
        _check_kept(model, classifier)
        selection = select_held_out(config, classifier.card.labels, progress)
        check_run(model, config, selection, progress)
        pictures = selection.pictures
        found = remember_pictures(classifier, pictures, settings.threads, progress)
        if found is None:
            raise SettingsError("Nothing is written: that run held out too few pictures.")
        keep_answers(found, model, classifier, progress)
    finally:
        classifier.close()
    return int(found.count < len(pictures))


@dataclass(frozen=True)
class Columns:
    """Of a table, where their names do not tell."""

    texts: str | None
    labels: str | None


def remember_table(source: ModelSource, table: Path, columns: Columns, settings: Settings) -> int:
    """Ask about each text or row in a table; give the exit status. Raises ModelError and
    SettingsError.
    """
    source, model = replace(source, out_of_distribution="warn"), Path(str(source.path))
    classifier, progress = load_model(source, DirectReader(settings.image_limits)), Progress()
    assert isinstance(classifier, SampleClassifier)  # noqa: S101 - its card is not of pictures
    asked = read_samples(table, classifier, texts=columns.texts, labels=columns.labels)
    found = remember_samples(classifier, asked.samples, asked.labels.tolist(), progress)
    if found is None:
        raise SettingsError(
            f"Nothing is written. Give a table of at least {FEWEST_ANSWERS} {classifier.takes}."
        )
    keep_answers(found, model, classifier, progress)
    return int(found.count < len(asked))


def _opened(model: Path, card: Path | None, settings: Settings) -> Classifier:
    """As it will be served: with the baseline beside it, wherever MODEL_BASELINE is."""
    source = settings.model_source.of(model, weights_file(model, settings))
    source = replace(source, card=card, out_of_distribution="warn")
    return load_classifier(source, DirectReader(settings.image_limits))


def _check_kept(model: Path, classifier: Classifier) -> None:
    """Raises UnreadableModelError where a file is there whose baseline would be lost."""
    path, features = baseline_path(model), classifier.signature.features
    if path.exists() and features is not None and classifier.baseline is None:
        read_baseline(path, classifier.identity.sha256, math.prod(features), classifier.card.input)


def _labelled(file: Path, labels: Sequence[str]) -> LabelledPicture:
    """With the label after which the nearest folder around it is named."""
    named = next((folder.name for folder in file.parents if folder.name in labels), None)
    return LabelledPicture(str(file), UNLABELLED if named is None else labels.index(named), file)

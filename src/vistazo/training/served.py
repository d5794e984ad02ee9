"""The figures once more, by the way that serving takes: file in, compiled model, decision out."""

from __future__ import annotations

from typing import Any

import numpy as np

from vistazo.classifier import Classifier
from vistazo.errors import SettingsError
from vistazo.training.config import TrainingConfig
from vistazo.training.datasets import load_films
from vistazo.training.outcome import parts_to_measure
from vistazo.training.progress import Progress
from vistazo.training.report import measure
from vistazo.training.splits import split_by_patient


def evaluate_served(
    classifier: Classifier, config: TrainingConfig, progress: Progress
) -> dict[str, Any]:
    """Classify the untouched files of the films that training held out, and measure the answers.

    Raises SettingsError for data that are not image folders, or labels that are not the card's.
    """
    folder = config.data.folder
    if classifier.card.labels != config.labels:
        raise SettingsError(
            f"The card has the labels {', '.join(classifier.card.labels)}, the training file "
            f"{', '.join(config.labels)}."
        )
    films = load_films(config, lambda done, total: progress.bar("reading", done, total))
    if not folder.is_dir():
        raise SettingsError(f"{folder} holds no image files that could be sent to the service.")
    split = split_by_patient(films.labels, films.patients, config.splits)
    parts = parts_to_measure(config, films, split)
    answers = np.full((len(films), len(config.labels)), np.nan)
    wanted = np.unique(np.concatenate(list(parts.values())))
    for done, row in enumerate(wanted, start=1):
        prediction = classifier.classify((folder / films.names[row]).read_bytes())
        answers[row] = prediction.decision.probabilities
        progress.bar("classifying", done, len(wanted))
    threshold = classifier.card.output.threshold
    return {
        part: measure(answers[rows], films, rows, config, threshold) for part, rows in parts.items()
    }

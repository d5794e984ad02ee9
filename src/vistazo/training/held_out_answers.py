"""What a model that was just trained answers to the pictures that were held out of its training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vistazo.classifier import Classifier
from vistazo.training.as_served import as_served
from vistazo.training.collection import find_pictures
from vistazo.training.config import TrainingConfig
from vistazo.training.progress import Progress
from vistazo.training.remembered_answers import FEWEST_ANSWERS, keep_answers, remember_pictures
from vistazo.training.splits import Split


def remember_held_out(
    config: TrainingConfig, names: Sequence[str], split: Split, model_path: Path, progress: Progress
) -> None:
    """Into the baseline beside the model, of validation and holdout; ``names`` are of all pictures.

    Their files are asked about: pixels that have been prepared tell no appearance.
    """
    rows = np.sort(np.concatenate([split.validation, split.holdout]))
    if len(rows) < FEWEST_ANSWERS:
        progress.say(f"fewer than {FEWEST_ANSWERS} pictures held out: none to tell drift by")
        return
    found = find_pictures(config.data.folder, config.labels, as_trained=True)
    picture_of = {picture.name: picture for picture in found}
    held_out = [picture_of[names[row]] for row in rows]
    with as_served(model_path) as classifier:
        assert isinstance(classifier, Classifier)  # noqa: S101 - it was trained on pictures
        reference = remember_pictures(classifier, held_out, 1, progress)
        keep_answers(reference, model_path, classifier, progress)

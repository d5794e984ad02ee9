"""Pictures for a model that takes rows of numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from builders import encoded, flat, write_laid_flat_model
from estimator_files import linear, write_estimator
from vistazo.classifier import Classifier
from vistazo.errors import CardError, UnsupportedModelError
from vistazo.loading import ModelSource, load_model
from vistazo.pictures import ImageLimits
from vistazo.pictures.reader import DirectReader

CARD = """
name: bright
version: "1"
task: image
labels: [dark, bright]
input: {height: 2, width: 4, colour: grey, scale: 1/255, min_side_px: 2}
output: {kind: softmax}
"""


def load(folder: Path, card: str = CARD) -> Classifier:
    return opened(write_estimator(linear([1.0] * 8, -4.0), folder / "bright.npz"), card)


def opened(path: Path, card: str) -> Classifier:
    path.with_name("bright.card.yaml").write_text(card)
    source = ModelSource(path, None, path.parent / "cache")
    found = load_model(source, DirectReader(ImageLimits(1000, 1000)))
    assert isinstance(found, Classifier)
    return found


def test_a_card_of_pictures_makes_rows_of_them(tmp_path: Path) -> None:
    classifier = load(tmp_path)
    for grey, label in ((10, "dark"), (250, "bright")):
        picture = encoded(flat(grey, 40, 20))
        assert classifier.classify(picture).decision.predicted_class == label
        assert classifier.explain(picture)[1].evidence.grid.size


def test_pictures_of_another_size_than_the_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="are 16 numbers; the model takes 8"):
        load(tmp_path, CARD.replace("width: 4", "width: 8"))


def test_further_outputs_on_its_card_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="scikit-learn has one"):
        load(tmp_path, CARD + "more_outputs: {age: {kind: value}}")


def test_a_keras_model_of_rows_answers_pictures_of_the_size_that_its_card_says(
    tmp_path: Path,
) -> None:
    path = write_laid_flat_model(tmp_path / "bright.keras", 8)
    classifier = opened(path, CARD.replace("softmax", "sigmoid"))
    for grey, label in ((10, "dark"), (250, "bright")):
        picture = encoded(flat(grey, 40, 20))
        assert classifier.classify(picture).decision.predicted_class == label
    halves = flat(10, 40, 20)
    halves.paste(255, (20, 0, 40, 20))
    evidence = classifier.explain(encoded(halves))[1].evidence
    dark, bright = np.hsplit(evidence.grid, 2)
    assert evidence.label == "bright"
    assert bright.mean() > dark.mean()
    with pytest.raises(UnsupportedModelError, match=r"2x8 is 16 numbers .* takes a row of 8"):
        opened(path, CARD.replace("width: 4", "width: 8"))

"""The shipped model, on real films where they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builders import encoded, flat
from vistazo.classifier import Classifier
from vistazo.loading import ModelSource, load_classifier
from vistazo.models.card_file import read_card
from vistazo.pictures import ImageLimits, open_image
from vistazo.pictures.preprocessing import prepare
from vistazo.pictures.reader import DirectReader
from vistazo.training.report import _PARTS_ON_THE_CARD

ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "pneumonia"
MODEL = ARTIFACTS / "pneumonia.keras"
LIMITS = ImageLimits()


@pytest.fixture(scope="module")
def classifier(cache: Path) -> Classifier:
    return load_classifier(ModelSource(MODEL, None, cache), DirectReader(LIMITS))


def test_it_is_small_and_its_card_names_its_hash(classifier: Classifier) -> None:
    assert classifier.signature.weights <= 3_000_000
    assert MODEL.stat().st_size <= 12_000_000
    assert classifier.card.sha256 == classifier.identity.sha256


def test_its_card_says_for_whom_it_is_how_it_fails_and_what_it_was_measured_on(
    classifier: Classifier,
) -> None:
    card = classifier.card
    assert all((card.intended_use, card.population, card.training_data, card.limits, card.licence))
    assert "medical device" in card.intended_use["en"]
    assert card.figures


def test_the_figures_of_the_card_are_those_of_the_evaluation(classifier: Classifier) -> None:
    evaluation = json.loads((ARTIFACTS / "evaluation.json").read_text())
    assert evaluation["model"]["sha256"] == classifier.identity.sha256
    same = {"official_test_split": "official_test_split", "adults": "adults"}
    for part, told in (_PARTS_ON_THE_CARD | same).items():
        assert classifier.card.figures[told].items() <= evaluation[part].items()


def test_it_says_that_choices_have_seen_the_films_of_a_group(classifier: Classifier) -> None:
    said = {
        "official_test_split": "were chosen on these films",
        "adults": "has learned from these films",
    }
    for part, words in said.items():
        note = classifier.card.figures[part]["note"]
        assert set(note) == {"en", "es"}
        assert words in note["en"]


def test_it_holds_on_films_of_another_selection(classifier: Classifier) -> None:
    figures = {name: f["value"] for name, f in _figures(classifier, "official_test_split")}
    assert figures["auc"] >= 0.985
    assert figures["accuracy"] >= 0.94
    assert figures["sensitivity"] >= 0.95
    assert figures["specificity"] >= 0.90
    assert figures["expected_calibration_error"] <= 0.05
    assert figures["out_of_distribution"] <= 0.02


def _figures(classifier: Classifier, part: str) -> Iterator[tuple[str, dict[str, float]]]:
    for name, figure in classifier.card.figures[part].items():
        if isinstance(figure, dict) and "value" in figure:
            yield name, figure


def test_a_full_size_film_is_of_the_class_of_its_small_copy(
    classifier: Classifier, data: Path
) -> None:
    films = sorted((data / "chest_xray_fullres").rglob("*.jpeg"))
    same = 0
    for film in films:
        copy = data / "chest_xray" / "train" / film.parent.name / film.name
        classes = {
            classifier.classify(path.read_bytes()).decision.predicted_class for path in (film, copy)
        }
        same += len(classes) == 1
    assert len(films) == 60
    assert same >= 58


def test_its_scores_on_real_films_are_those_of_keras_on_tensorflow(
    classifier: Classifier, data: Path
) -> None:
    import keras

    spec = read_card(ARTIFACTS / "pneumonia.card.yaml").input
    films = sorted((data / "chest_xray" / "train").rglob("*.jpeg"))[::200]
    images = np.stack(
        [prepare(open_image(film.read_bytes(), LIMITS).decode(), spec) for film in films]
    )
    expected = keras.models.load_model(MODEL, compile=False).predict(images, verbose=0)
    scores = classifier._engine.run(images).scores
    assert scores == pytest.approx(expected, abs=1e-4)
    assert expected.min() < 0.2 < 0.8 < expected.max(), "films of both kinds"


def in_distribution(classifier: Classifier, picture: bytes) -> bool:
    likeness = classifier.classify(picture).in_distribution
    assert likeness is not None
    return likeness.verdict


@pytest.mark.parametrize("grey", [0, 90, 255])
def test_an_even_grey_is_said_to_be_no_film(grey: int, classifier: Classifier) -> None:
    assert not in_distribution(classifier, encoded(flat(grey, 300, 300)))


def test_noise_is_said_to_be_no_film(classifier: Classifier) -> None:
    grains = np.random.default_rng(0).integers(0, 256, (300, 300), dtype=np.uint8)
    assert not in_distribution(classifier, encoded(Image.fromarray(grains)))


def test_films_are_told_from_castings_and_leaves(classifier: Classifier, data: Path) -> None:
    films = sorted((data / "chest_xray_fullres").rglob("*.jpeg"))
    assert sum(in_distribution(classifier, path.read_bytes()) for path in films) >= 58
    for name, fewest in (("casting", 1.0), ("leaves", 0.93)):  # of all 880 leaves 0.966
        others = [path for path in sorted((data / name).rglob("*")) if path.is_file()][::40]
        assert len(others) > 20
        told = [not in_distribution(classifier, path.read_bytes()) for path in others]
        assert sum(told) >= fewest * len(told)


def test_the_check_can_be_switched_off(cache: Path) -> None:
    source = ModelSource(MODEL, None, cache, out_of_distribution="off")
    prediction = load_classifier(source, DirectReader(LIMITS)).classify(encoded(flat(90, 300, 300)))
    assert prediction.in_distribution is None

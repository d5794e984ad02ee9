"""A whole run on a made-up corpus."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import numpy as np
import pytest

from vistazo.errors import SettingsError
from vistazo.models.card_file import TEXTS, card_path, find_card_of
from vistazo.models.compilation import EstimatorFiles
from vistazo.samples.loading import SampleSource, load_sample_classifier
from vistazo.training.text_config import TextTrainingConfig

pytestmark = pytest.mark.longer

TELLING = (("jura", "milagro", "secreto"), ("informe", "datos", "ministerio"))
PLAIN = ["el", "la", "de", "que", "en", "un", "por", "con", "fue", "dijo", "ayer", "hoy", "casa"]
LABELS = ("fake", "real")


def _table(path: Path, first_source: int, per_source: int = 6) -> Path:
    """Twelve sources, each of one label, which their words tell most of the time."""
    chance = random.Random(first_source)  # noqa: S311
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label", "source"])
        for source in range(first_source, first_source + 12):
            for _ in range(per_source):
                words = chance.choices(PLAIN, k=30)
                label = source % 2
                words += chance.choices(TELLING[label if chance.random() < 0.9 else 1 - label], k=3)
                rows.writerow([" ".join(words), LABELS[label], f"Paper {source}"])
    return path


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TextTrainingConfig:
    folder = tmp_path_factory.mktemp("tables")
    return TextTrainingConfig.model_validate(
        {
            "task": "text",
            "name": "made-up",
            "labels": LABELS,
            "positive": "fake",
            "data": {
                "file": _table(folder / "train.csv", 0),
                "development": _table(folder / "development.csv", 8),
                "text": ["text"],
                "label": "label",
                "groups": ["source"],
            },
            "folds": 3,
            "card": {"route": "/falsetrue", "answer_field": "is_falsetrue", "values": [0, 1]},
        }
    )


@pytest.fixture(scope="module")
def model(config: TextTrainingConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from vistazo.training.text_fit import train_texts

    return train_texts(config, tmp_path_factory.mktemp("run"))


def test_what_was_trained_is_served_and_tells_the_labels_apart(model: Path, tmp_path: Path) -> None:
    classifier = load_sample_classifier(SampleSource(EstimatorFiles(model), tmp_path))
    texts = [" ".join([*PLAIN * 3, *TELLING[label]]) for label in (0, 1)]
    said = [each.decision for each in classifier.classify(texts)]
    assert [each.predicted_class for each in said] == ["fake", "real"]
    assert [each.value for each in said] == [0, 1]


def test_service_and_scikit_learn_give_the_same_probabilities(model: Path, tmp_path: Path) -> None:
    import joblib

    texts = [" ".join(PLAIN), "milagro secreto", "informe", "", "Nada De Esto"]
    classifier = load_sample_classifier(SampleSource(EstimatorFiles(model), tmp_path))
    served = [each.decision.probabilities for each in classifier.classify(texts)]
    np.testing.assert_allclose(served, joblib.load(model).predict_proba(texts), atol=1e-9)


def test_the_card_and_the_figures_lie_beside_it(model: Path) -> None:
    card = find_card_of(card_path(model), TEXTS)
    figures = json.loads(model.with_name("evaluation.json").read_text(encoding="utf-8"))
    assert card is not None
    assert card.sha256 == figures["model"]["sha256"]
    assert card.figures["cross_validation_on_groups_never_seen"]["accuracy"]["value"] > 0.7
    assert figures["data"]["training_texts"] == 72
    assert 0 < figures["development_of_unseen_groups"]["texts"] < figures["development"]["texts"]
    assert card.input.min_words == 33
    assert model.with_name("roc.png").exists()


def test_what_it_answers_to_texts_that_it_was_only_measured_on_is_remembered(
    model: Path, tmp_path: Path
) -> None:
    found = load_sample_classifier(SampleSource(EstimatorFiles(model), tmp_path)).reference
    figures = json.loads(model.with_name("evaluation.json").read_text(encoding="utf-8"))
    assert found is not None
    assert found.count == found.judged == figures["development"]["texts"]
    assert found.right / found.judged == pytest.approx(
        figures["development"]["accuracy"]["value"], abs=1e-3
    )
    assert set(found.quantities) == {"confidence", "known_words", "language", "length"}


def test_probabilities_are_calibrated_on_papers_that_were_held_out() -> None:
    from vistazo.training.text_model import fit_platt, probability

    chance = np.random.default_rng(0)
    log_odds = chance.normal(0, 2, 4000)
    labels = (chance.random(4000) < probability(log_odds)).astype(np.int64)
    slope, offset = fit_platt(3 * log_odds + 1, labels)
    assert slope == pytest.approx(1 / 3, abs=0.03)
    assert offset == pytest.approx(-1 / 3, abs=0.12)


def test_the_folds_of_too_few_papers_are_refused(
    config: TextTrainingConfig, tmp_path: Path
) -> None:
    from vistazo.training.text_fit import train_texts

    with pytest.raises(SettingsError, match="there are 6"):
        train_texts(config.model_copy(update={"folds": 7}), tmp_path)

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import builders
from training.films import tiny_config
from vistazo.errors import SettingsError
from vistazo.training.config import TrainingConfig
from vistazo.training.progress import Progress
from vistazo.training.report import add_served_figures, file_sha256
from vistazo.training.served import evaluate_served

SILENT = Progress(stream=io.StringIO())


@pytest.fixture
def config(tmp_path: Path) -> TrainingConfig:
    random = np.random.default_rng(1)
    for label, low, high in (("DARK", 0, 110), ("BRIGHT", 150, 255)):
        (tmp_path / label).mkdir()
        for film in range(10):
            pixels = random.integers(low, high, (40, 40), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / label / f"{label.lower()}-{film}.png")
    return tiny_config(tmp_path, labels=("DARK", "BRIGHT"), positive="BRIGHT")


def test_the_service_is_measured_on_files_that_training_did_not_see(config: TrainingConfig) -> None:
    engine = builders.BrightnessEngine()
    figures = evaluate_served(builders.brightness_classifier(engine), config, SILENT)
    assert engine.runs == 8
    assert figures["holdout"]["confusion"] == {
        "true_positives": 2,
        "false_negatives": 0,
        "true_negatives": 2,
        "false_positives": 0,
    }


def test_a_card_with_other_labels_is_refused(config: TrainingConfig) -> None:
    classifier = builders.brightness_classifier(labels=["BRIGHT", "DARK"])
    with pytest.raises(SettingsError, match="labels"):
        evaluate_served(classifier, config, SILENT)


def test_served_figures_join_the_evaluation_of_the_same_weights(tmp_path: Path) -> None:
    model_path = tmp_path / "tiny.keras"
    model_path.write_bytes(b"weights")
    evaluation = tmp_path / "evaluation.json"
    evaluation.write_text(json.dumps({"model": {"sha256": file_sha256(model_path)}, "seed": 1}))
    add_served_figures(model_path, {"holdout": {"films": 3}})
    document = json.loads(evaluation.read_text())
    assert document["seed"] == 1
    assert document["served"] == {"holdout": {"films": 3}}
    model_path.write_bytes(b"others")
    with pytest.raises(SettingsError, match="other weights"):
        add_served_figures(model_path, {})


def test_without_an_evaluation_there_is_nothing_to_add_to(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="train the model first"):
        add_served_figures(tmp_path / "tiny.keras", {})

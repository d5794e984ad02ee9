"""From weights to figures: what stands in evaluation.json and on the card of which part."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import builders
from training.labelled_pictures import tiny_config, write_flat_pictures
from vistazo.answers.baseline_file import baseline_path, write_baseline
from vistazo.answers.decision import with_temperature
from vistazo.answers.discriminant import Told
from vistazo.models.card_file import card_path, read_card
from vistazo.training.config import BaselineConfig, TrainingConfig
from vistazo.training.data_config import NAMES_TAKEN
from vistazo.training.datasets import load_pictures
from vistazo.training.other import find_other, read_other
from vistazo.training.outcome import choose_operating_point, settle, write_outcome
from vistazo.training.progress import Progress
from vistazo.training.report import file_sha256
from vistazo.training.splits import split_by_group

LABELS = ("DARK", "BRIGHT")


class Brightness:
    """Stands for a network after its last epoch: what is brighter is more likely BRIGHT."""

    history: Sequence[dict[str, float]] = ()
    weight_count = 2

    def probabilities(self, pixels: NDArray[Any]) -> NDArray[np.float64]:
        bright = 1 / (1 + np.exp(4 - 8 * pixels.mean(axis=(1, 2, 3)) / 255))
        return np.stack([1 - bright, bright], axis=1)

    def views(self, pixels: NDArray[np.uint8], seed: int) -> NDArray[np.float32]:
        return pixels.astype(np.float32) + seed


def _noise(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    grains = np.random.default_rng(seed).integers(0, 255, (8, 8), dtype=np.uint8)
    Image.fromarray(grains.repeat(5, axis=0).repeat(5, axis=1)).save(path)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TrainingConfig:
    """Trained on even pictures; ``elsewhere`` has two even and two others, ``noise`` three."""
    home = tmp_path_factory.mktemp("pictures")
    greys = {"DARK": list(range(10, 110, 10)), "BRIGHT": list(range(150, 250, 10))}
    write_flat_pictures(home / "training", greys)
    write_flat_pictures(home / "elsewhere", {"DARK": [15, 20], "BRIGHT": [255]})
    for seed, path in enumerate(["elsewhere/DARK/a", "elsewhere/BRIGHT/b", "c", "d", "e/f"]):
        _noise(home / ("" if "else" in path else "noise") / f"{path}.png", seed)
    (home / "noise" / "broken.png").write_bytes(b"no picture")
    other = {
        "elsewhere": {"folder": home / "elsewhere", "note": "Another place."},
        "noise": {"folder": home / "noise"},
    }
    return tiny_config(
        home,
        name="mine",
        labels=LABELS,
        positive="BRIGHT",
        data={"folder": home / "training", "other": other},
        input={"height": 8, "width": 8, "colour": "grey", "scale": "1/255"},
    )


def _outcome(
    config: TrainingConfig, out: Path, *, has_baseline: bool, told: Sequence[Told] = ()
) -> tuple[Any, Any]:
    """What evaluation.json and the card's figures say."""
    model = builders.write_brightness_model(out / "mine.keras", maps=True)
    if has_baseline:
        baseline = replace(builders.evenness(), sha256=file_sha256(model))
        write_baseline(baseline, baseline_path(model))
    progress = Progress(stream=io.StringIO())
    pictures = load_pictures(config)
    split = split_by_group(pictures.labels, pictures.groups, config.splits)
    other = read_other(config, find_other(config), pictures, progress)
    at = {"model_path": model, "progress": progress}
    run = settle(config, pictures, split, Brightness(), **at)
    assert read_card(card_path(model)).figures == {}
    write_outcome(run, Brightness(), other, told, **at)
    document = json.loads(model.with_name("evaluation.json").read_text())
    return document, read_card(card_path(model)).figures


def test_every_part_has_its_figures_and_the_share_that_looks_strange(
    config: TrainingConfig, tmp_path: Path
) -> None:
    document, figures = _outcome(config, tmp_path, has_baseline=True)
    strange = {
        part: document[part]["out_of_distribution"]["value"]
        for part in ("holdout", "validation", "elsewhere", "noise")
    }
    assert strange == {"holdout": 0, "validation": 0, "elsewhere": 0.5, "noise": 1}
    elsewhere = document["elsewhere"]
    assert elsewhere["pictures_per_label"] == {"DARK": 2, "BRIGHT": 2}
    assert elsewhere["auc"]["value"] == 1
    assert elsewhere["out_of_distribution"]["low"] < 0.5 < elsewhere["out_of_distribution"]["high"]
    assert elsewhere["left_out_also_in_training_data"] == 1
    assert document["noise"] == {
        "pictures": 3,
        "groups": 3,
        "out_of_distribution": {"value": 1.0, "low": 1.0, "high": 1.0},
        "not_classified": 1,
    }
    assert figures["noise"] == document["noise"]
    assert figures["elsewhere"]["note"] == "Another place."
    assert figures["elsewhere"]["left_out_also_in_training_data"] == 1
    assert figures["elsewhere"]["auc"] == elsewhere["auc"]
    own = figures["unseen_pictures_of_the_same_collection"]
    assert own["out_of_distribution"]["value"] == 0


def test_without_a_baseline_nobody_says_what_looks_strange(
    config: TrainingConfig, tmp_path: Path
) -> None:
    document, figures = _outcome(config, tmp_path, has_baseline=False)
    assert document["noise"] == {"pictures": 3, "groups": 3, "not_classified": 1}
    assert not any("out_of_distribution" in part for part in figures.values())
    # An entry of data.other with such a name would take the place of what has it.
    assert {*document, *figures} - {"elsewhere", "noise"} <= NAMES_TAKEN


def test_the_share_of_known_strangers_that_is_told_stands_on_the_card(
    config: TrainingConfig, tmp_path: Path
) -> None:
    kind = {"folder": "x", "title": "Others", "note": "The check has seen them."}
    unlike = BaselineConfig.model_validate({"unlike": {"others": kind, "hopeless": kind}})
    is_told = np.arange(20) < 15
    told = [
        Told("others", is_told, is_used=True),
        Told("hopeless", ~is_told, is_used=False),
        Told("upside down", is_told, is_used=True),
    ]
    given = config.model_copy(update={"baseline": unlike})
    document, figures = _outcome(given, tmp_path, has_baseline=True, told=told)
    others = figures["others"]
    assert (others["pictures"], others["note"]) == (20, "The check has seen them.")
    assert others["out_of_distribution"]["value"] == 0.75
    assert others["out_of_distribution"]["low"] < 0.75 < others["out_of_distribution"]["high"]
    assert document["others"] == others
    assert not {"hopeless", "upside down"} & {*figures, *document}


class SureOfPlainPictures(Brightness):
    """Right and certain of the pictures as they are, and half as sure of changed ones."""

    def probabilities(self, pixels: NDArray[Any]) -> NDArray[np.float64]:
        is_plain = pixels.dtype == np.uint8
        bright = 1 / (1 + np.exp((4 - 8 * pixels.mean(axis=(1, 2, 3)) / 255) * 5))
        flipped = np.where(np.arange(len(pixels)) % 3 == 0, 1 - bright, bright)
        kept = bright if is_plain else flipped
        return np.stack([1 - kept, kept], axis=1)


def test_changed_views_have_a_say_in_the_temperature(config: TrainingConfig) -> None:
    pictures = load_pictures(config)
    rows = split_by_group(pictures.labels, pictures.groups, config.splits).training
    found = []
    for views in (0, 2):
        how = config.threshold.model_copy(update={"views": views})
        asked = config.model_copy(update={"threshold": how})
        found.append(choose_operating_point(asked, pictures, rows, SureOfPlainPictures()))
    assert found[1].temperature > 2 * found[0].temperature


def test_a_wanted_sensitivity_is_that_of_pictures_and_views_together(
    config: TrainingConfig,
) -> None:
    pictures, model = load_pictures(config), SureOfPlainPictures()
    rows = split_by_group(pictures.labels, pictures.groups, config.splits).training
    how = config.threshold.model_copy(update={"sensitivity": 0.7, "views": 2})
    asked = config.model_copy(update={"threshold": how})
    point = choose_operating_point(asked, pictures, rows, model)
    pixels = pictures.pixels[rows]
    shown = [pixels, model.views(pixels, 1), model.views(pixels, 2)]
    seen = np.concatenate([model.probabilities(each) for each in shown])
    positive = np.tile(pictures.labels[rows] == config.positive_index, 3)
    scores = with_temperature(seen, point.temperature)[positive, config.positive_index]
    assert (scores >= point.threshold).mean() >= 0.7 > (scores >= point.threshold + 2e-3).mean()

"""Heatmaps, from heads that do something known."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from builders import BrightnessEngine, card, signature
from vistazo.answers.explanation import Explainer, Frame, heat_layer, overlay
from vistazo.answers.explanation.heatmap import strengths
from vistazo.answers.explanation.pooled_head import pooled_weights
from vistazo.engines.base import Outputs
from vistazo.models.card import ModelCard
from vistazo.pictures import Picture
from vistazo.pictures.preprocessing import place

Floats = NDArray[np.float32]

RANDOM = np.random.default_rng(3)
FEATURES = RANDOM.normal(1, 1, (1, 5, 6, 4)).astype(np.float32)
WEIGHTS = RANDOM.normal(0, 1, (4, 3)).astype(np.float32)
BIAS = np.array([0.5, -1, 2], np.float32)
ALL = Frame(0, 0, 1, 1)


def pooled(features: Floats) -> Floats:
    return features.mean(axis=(1, 2)) @ WEIGHTS + BIAS


def hidden(features: Floats) -> Floats:
    return np.maximum(pooled(features), 0) @ WEIGHTS[:3]


def maximum(features: Floats) -> Floats:
    return features.max(axis=(1, 2)) @ WEIGHTS


def placed(features: Floats) -> Floats:
    return features[:, 1, 2] @ WEIGHTS


class HeadEngine:
    """Knows features, and what its head makes of them."""

    def __init__(self, of: ModelCard, head: Callable[[Floats], Floats] | None) -> None:
        self.signature, self.head = signature(of), head

    def run(self, _images: Floats) -> Outputs:
        raise AssertionError("one forward pass is enough")

    def close(self) -> None: ...


def explained(the_card: ModelCard, head: Any, label: str, features: Floats = FEATURES) -> Any:
    outputs = Outputs(np.zeros((1, the_card.units[0]), np.float32), features)
    explainer = Explainer(HeadEngine(the_card, head), the_card)
    return explainer.explain(np.zeros((8, 8, 1), np.float32), outputs, label)


def of_kind(kind: str, *labels: str) -> ModelCard:
    return card(labels=list(labels), output={"kind": kind})


def test_of_a_pooled_head_the_cells_add_up_to_the_logit() -> None:
    evidence = explained(of_kind("multilabel", "A", "B", "C"), pooled, "B")
    assert evidence.method == "class_activation"
    assert evidence.grid.shape == (5, 6)
    assert evidence.grid.sum() == pytest.approx(pooled(FEATURES)[0, 1] - BIAS[1], rel=1e-3)
    assert evidence.grid[2, 3] == pytest.approx(FEATURES[0, 2, 3] @ WEIGHTS[:, 1] / 30, rel=1e-2)


def test_of_a_softmax_a_label_is_set_against_the_mean_of_all() -> None:
    grids = [explained(of_kind("softmax", *"ABC"), pooled, label).grid for label in "ABC"]
    assert sum(grids) == pytest.approx(np.zeros((5, 6)), abs=1e-4)
    contrast = WEIGHTS[:, 0] - WEIGHTS.mean(axis=1)
    assert grids[0] == pytest.approx(FEATURES[0] @ contrast / 30, abs=1e-4)


def test_of_one_unit_what_speaks_for_a_label_speaks_against_the_other() -> None:
    def one_unit(features: Floats) -> Floats:
        return pooled(features)[:, :1]

    grids = [explained(card(), one_unit, label).grid for label in ("DARK", "BRIGHT")]
    assert np.array_equal(grids[0], -grids[1])
    assert grids[1].sum() == pytest.approx(pooled(FEATURES)[0, 0] - BIAS[0], rel=1e-3)


@pytest.mark.parametrize("head", [hidden, maximum, placed])
def test_a_head_that_is_not_a_mean_and_linear_is_not_taken_for_one(head: Any) -> None:
    assert pooled_weights(head, FEATURES) is None
    assert explained(of_kind("softmax", *"ABC"), head, "A").method == "feature_ablation"


def test_the_weights_of_a_pooled_head_are_found_by_asking() -> None:
    assert pooled_weights(pooled, FEATURES) == pytest.approx(WEIGHTS, abs=1e-4)


@pytest.mark.parametrize("size", [(5, 6), (8, 8), (16, 24)])
def test_ablation_finds_the_one_place_that_matters(size: tuple[int, int]) -> None:
    features = np.full((1, *size, 4), 0.1, np.float32)
    at = (size[0] // 4, 3 * size[1] // 4)
    features[0, at[0], at[1], 0] = 5
    weights = np.eye(4, 2, dtype=np.float32) - np.eye(4, 2, k=1, dtype=np.float32)

    def head(maps: Floats) -> Floats:
        return maps.max(axis=(1, 2)) @ weights

    grid = explained(of_kind("softmax", "A", "B"), head, "A", features).grid
    strength = strengths(grid, ALL, (size[1], size[0]))
    row, column = np.unravel_index(strength.argmax(), strength.shape)
    assert max(abs(row - at[0]), abs(column - at[1])) <= max(size) // 8


def test_a_model_whose_head_cannot_run_alone_has_its_input_covered_patch_by_patch() -> None:
    class CornerEngine(HeadEngine):
        def run(self, images: Floats) -> Outputs:
            return Outputs(images[:, :8, 24:].mean(axis=(1, 2)), None)

    the_card = card(input={"height": 32, "width": 32})
    engine = CornerEngine(the_card, None)
    pixels = np.zeros((32, 32, 1), np.float32)
    pixels[:8, 24:] = 0.9
    outputs = engine.run(pixels[np.newaxis])
    evidence = Explainer(engine, the_card).explain(pixels, outputs, "BRIGHT")
    assert evidence.method == "occlusion"
    assert evidence.grid[:2, 6:].min() > 1
    assert np.abs(evidence.grid[4:]).max() < 1e-5


def drawn(grid: Any, frame: Frame = ALL, width: int = 200, height: int = 100) -> Any:
    layer = Image.open(io.BytesIO(heat_layer(np.array(grid, np.float32), frame, width, height)))
    return np.asarray(layer.convert("RGBA"))


def test_the_layer_has_the_proportions_of_the_picture() -> None:
    assert drawn([[1, 2], [3, 4]], width=3000, height=1500).shape == (128, 256, 4)
    assert drawn([[1, 2], [3, 4]], width=40, height=80).shape == (256, 128, 4)


def test_the_layer_is_brightest_where_most_speaks_for_the_label_and_clear_where_nothing() -> None:
    layer = drawn([[9, 0, 0], [0, 0, -9], [0, 0, -9]])
    brightness, opacity = layer[..., :3].sum(axis=2), layer[..., 3]
    assert opacity[5, 5] > 200
    assert brightness[5, 5] > 500
    assert opacity[-5, -5] == 0


def test_where_nothing_speaks_for_the_label_the_layer_is_clear() -> None:
    assert drawn([[-1, -2], [0, -4]])[..., 3].max() == 0


def test_on_a_padded_picture_the_padding_is_cut_away() -> None:
    spec = card(input={"height": 80, "width": 80, "resize": "fit"}).input
    frame = Frame.of(place(200, 100, spec), spec)
    assert frame == Frame(0, -0.5, 1, 1.5)
    grid = np.zeros((4, 4))
    grid[0] = grid[3] = 100  # in the padding
    grid[1, 0] = 1
    column = drawn(grid, frame)[32:96, ..., 3].argmax() % 256
    assert column < 64


def test_on_a_cropped_picture_what_the_model_did_not_see_stays_clear() -> None:
    spec = card(input={"height": 80, "width": 80, "resize": "crop"}).input
    frame = Frame.of(place(200, 100, spec), spec)
    assert frame == Frame(0.25, 0, 0.75, 1)
    opacity = drawn(np.ones((4, 4)), frame)[..., 3]
    assert opacity[:, 66:190].min() > 200
    assert opacity[:, :62].max() == opacity[:, 194:].max() == 0


def test_the_overlay_shows_the_film_where_there_is_no_heat() -> None:
    film = Picture(np.full((100, 200), 77, np.uint8))
    grid = np.array([[0, 0, 0, 9]], np.float32)
    picture = np.asarray(Image.open(io.BytesIO(overlay(film, grid, ALL))))
    assert picture.shape == (100, 200, 3)
    assert (picture[:, :60] == 77).all()
    assert picture[50, 195, 0] > picture[50, 195, 2] > 77


def test_a_model_of_one_picture_at_a_time_is_explained_one_at_a_time() -> None:
    """So are those of PyTorch exports; and sixteen at once take sixteen times the memory."""

    class OneAtATime(BrightnessEngine):
        def run(self, images: Floats) -> Outputs:
            assert len(images) == 1
            return super().run(images)

    engine, pixels = OneAtATime(), np.ones((8, 8, 1), np.float32)
    evidence = Explainer(engine, card()).explain(pixels, engine.run(pixels[np.newaxis]), "BRIGHT")
    assert evidence.method == "occlusion"
    assert evidence.grid.shape == (8, 8)


def test_a_large_map_is_not_held_once_for_each_window() -> None:
    most = 0

    def head(maps: Floats) -> Floats:
        nonlocal most
        most = max(most, maps.nbytes)
        return hidden(maps)

    large = np.ones((1, 500, 600, 4), np.float32)
    explained(of_kind("multilabel", "A", "B", "C"), head, "B", large)
    assert most <= 20_000_000

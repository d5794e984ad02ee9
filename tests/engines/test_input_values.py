"""What a model's own first layers show of the values that it was made for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import model_files
from vistazo.models.keras_import import read_signature

FRAMEWORKS = {"keras 3": model_files.keras3, "keras 2": model_files.keras2}
SIZE = (8, 8, 3)
Layers = Callable[[Any, Any], Any]
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def signature_of(first: Layers, folder: Path, framework: str = "keras 3") -> Any:
    keras: ModuleType = FRAMEWORKS[framework]()
    image = keras.Input(SIZE)
    values = keras.layers.Conv2D(2, 3)(first(keras, image))
    scores = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(values))
    suffix = "keras" if framework == "keras 3" else "h5"
    model = keras.Model(image, scores)
    return read_signature(model_files.save(model, folder / f"m.{suffix}"))


def rescaling(scale: object, offset: object = 0.0) -> Layers:
    return lambda keras, x: keras.layers.Rescaling(scale, offset=offset, name="own")(x)


def normalization(mean: tuple[float, ...], std: tuple[float, ...]) -> Layers:
    variance = [each**2 for each in std]
    return lambda keras, x: keras.layers.Normalization(mean=mean, variance=variance, name="own")(x)


STANDARD = [
    tuple(1 / 255 / std for std in STD),
    tuple(-mean / std for mean, std in zip(MEAN, STD, strict=True)),
]


def times(values: tuple[float, ...], factor: float) -> tuple[float, ...]:
    return tuple(factor * value for value in values)


@pytest.mark.parametrize(
    ("first", "scale"),
    [
        (rescaling(1 / 255), "none"),
        (rescaling(1 / 127.5, -1), "none"),
        (rescaling(1 / 128, -1), "none"),
        (rescaling(1 / 255, -0.5), "none"),
        (rescaling(*STANDARD), "none"),
        (normalization(times(MEAN, 255), times(STD, 255)), "none"),
        (normalization((50.0, 50, 50), (60.0, 60, 60)), "none"),
        # These want scaled pictures, and 'none' would be wrong without a word.
        (rescaling(2.0, -1), "1/255"),
        (rescaling(255.0), "1/255"),
        (normalization(MEAN, STD), "1/255"),
        (rescaling(127.5, 127.5), "1/127.5-1"),
        (rescaling(0.5, 0.5), "1/127.5-1"),
        # These do not tell.
        (rescaling(1.0), None),
        (rescaling(10.0), None),
        (rescaling(1 / 65535), None),
        (normalization((0.0, 0, 0), (1.0, 1, 1)), None),
        (normalization((0.5, 0.5, 0.5), (0.1, 0.1, 0.1)), "1/255"),
        (lambda _, x: x, None),
        (lambda keras, x: keras.layers.BatchNormalization()(x), None),
    ],
)
def test_the_scale_is_the_only_one_that_comes_out_in_a_usual_range(
    first: Layers, scale: str | None, tmp_path: Path
) -> None:
    found = signature_of(first, tmp_path)
    assert found.scale == scale
    assert ("'own'" in found.scale_why) == (scale is not None)


def test_a_layer_behind_augmentation_and_inside_another_model_is_found(tmp_path: Path) -> None:
    def first(keras: Any, x: Any) -> Any:
        flips = [keras.layers.RandomFlip(), keras.layers.RandomRotation(0.1)]
        inner = keras.Sequential([keras.Input(SIZE), *flips, keras.layers.Rescaling(1 / 255)])
        return inner(keras.layers.Resizing(8, 8)(x))

    found = signature_of(first, tmp_path)
    assert found.scale == "none"
    assert "/rescaling" in found.scale_why


def test_what_comes_after_a_convolution_does_not_count(tmp_path: Path) -> None:
    def first(keras: Any, x: Any) -> Any:
        return keras.layers.Rescaling(1 / 255)(keras.layers.Conv2D(3, 1)(x))

    assert signature_of(first, tmp_path).scale is None


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_preprocess_input_in_the_model_is_understood(framework: str, tmp_path: Path) -> None:
    def first(keras: Any, x: Any) -> Any:
        return keras.applications.mobilenet_v2.preprocess_input(x)

    found = signature_of(first, tmp_path, framework)
    assert found.scale == "none"
    assert "0..255 to -1..1" in found.scale_why


@pytest.mark.parametrize(("high", "scale"), [(255, "none"), (1, "1/255")])
def test_a_normalization_that_was_adapted_tells_by_what_it_remembers(
    high: int, scale: str, tmp_path: Path
) -> None:
    def first(keras: Any, x: Any) -> Any:
        layer = keras.layers.Normalization()
        layer.adapt(np.random.default_rng(0).uniform(0, high, (20, *SIZE)).astype("float32"))
        return layer(x)

    assert signature_of(first, tmp_path).scale == scale

"""The part of a model before its first batch normalisation, run by itself."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import model_files
from builders import write_brightness_model, write_remembering_model
from vistazo.answers.photographs import photographs
from vistazo.engines.base import Probe
from vistazo.engines.onnx import OnnxEngine
from vistazo.errors import UnsupportedModelError
from vistazo.loading import ModelSource, load_classifier
from vistazo.models.card import InputSpec
from vistazo.models.keras_import import convert
from vistazo.pictures import ImageLimits
from vistazo.pictures.preprocessing import prepare
from vistazo.pictures.reader import DirectReader

Floats = NDArray[np.float32]

SPEC = InputSpec(height=32, width=32, colour="rgb", scale="1/255")
PICTURES = np.stack([prepare(picture, SPEC) for picture in photographs(30, 32, 32)])
MEAN = PICTURES.mean(axis=(0, 1, 2))
VARIANCE = PICTURES.var(axis=(0, 1, 2))


def probe_of(path: Path) -> Probe:
    target = path.with_suffix(".onnx")
    convert(path, target, with_evidence=True)
    probe = OnnxEngine(target).probe
    assert probe is not None
    return probe


@pytest.mark.parametrize("nested", [False, True])
def test_it_gives_what_is_remembered_and_measures_what_arrives(
    nested: bool, tmp_path: Path
) -> None:
    probe = probe_of(write_remembering_model(tmp_path / "m.keras", MEAN, VARIANCE, nested=nested))
    assert (probe.layer, probe.is_frozen) == ("memory", False)
    np.testing.assert_allclose(probe.mean, MEAN)
    np.testing.assert_allclose(probe.variance, VARIANCE)
    means, variances = probe.measure(PICTURES[:5])
    np.testing.assert_allclose(means, PICTURES[:5].mean(axis=(1, 2)), atol=1e-5)
    np.testing.assert_allclose(variances, PICTURES[:5].var(axis=(1, 2)), atol=1e-5)


def test_a_layer_that_was_not_trained_says_so(tmp_path: Path) -> None:
    path = write_remembering_model(tmp_path / "m.keras", MEAN, VARIANCE, trainable=False)
    assert probe_of(path).is_frozen


def test_a_model_that_was_called_in_inference_mode_kept_its_old_statistics(
    tmp_path: Path,
) -> None:
    keras = model_files.keras3()
    layers = keras.layers
    base = keras.Sequential([layers.Input((16, 16, 3)), layers.BatchNormalization()])
    pixels = layers.Input((16, 16, 3))
    pooled = layers.GlobalAveragePooling2D()(base(pixels, training=False))
    model = keras.Model(pixels, layers.Dense(2)(pooled))
    assert probe_of(model_files.save(model, tmp_path / "m.keras")).is_frozen


def activations(model: Any, images: Floats) -> Floats:
    """What reaches the first batch normalisation, says Keras."""
    keras = model_files.keras3()
    normalization = next(x for x in model.layers if "BatchNormalization" in type(x).__name__)
    before = keras.Model(model.inputs[0], normalization.input)
    return np.asarray(before(images, training=False))


@pytest.mark.parametrize(
    "name",
    [
        "MobileNetV2",
        pytest.param("ResNet50V2", marks=pytest.mark.longer),
        pytest.param("EfficientNetB0", marks=pytest.mark.longer),
    ],
)
def test_it_measures_what_keras_gives_to_the_first_batch_normalisation(
    name: str, tmp_path: Path
) -> None:
    build = getattr(model_files.keras3().applications, name)
    model = build(weights=None, input_shape=(64, 64, 3), classes=3)
    images = model_files.pictures(model)
    expected = activations(model, images)
    means, variances = probe_of(model_files.save(model, tmp_path / "m.keras")).measure(images)
    np.testing.assert_allclose(means, expected.mean(axis=(1, 2)), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(variances, expected.var(axis=(1, 2)), rtol=1e-3, atol=1e-3)


def test_a_model_without_a_batch_normalisation_near_its_input_has_no_probe(
    tmp_path: Path,
) -> None:
    keras = model_files.keras3()
    layers = keras.layers
    convolutions = [layers.Conv2D(4, 3, padding="same") for _ in range(4)]
    end = [layers.BatchNormalization(), layers.GlobalAveragePooling2D(), layers.Dense(2)]
    far = keras.Sequential([layers.Input((16, 16, 3)), *convolutions, *end])
    none = write_brightness_model(tmp_path / "none.keras", maps=True)
    for path in (model_files.save(far, tmp_path / "far.keras"), none):
        convert(path, path.with_suffix(".onnx"), with_evidence=True)
        assert OnnxEngine(path.with_suffix(".onnx")).probe is None


def test_scores_and_maps_are_the_same_with_a_probe_and_without(tmp_path: Path) -> None:
    path = write_remembering_model(tmp_path / "m.keras", MEAN, VARIANCE)
    convert(path, tmp_path / "full.onnx", with_evidence=True)
    convert(path, tmp_path / "plain.onnx")
    full, plain = OnnxEngine(tmp_path / "full.onnx"), OnnxEngine(tmp_path / "plain.onnx")
    assert full.probe is not None
    assert plain.probe is None
    np.testing.assert_array_equal(full.run(PICTURES).scores, plain.run(PICTURES).scores)
    features = full.run(PICTURES).features
    assert features is not None
    assert features.shape == (len(PICTURES), 32, 32, 3)


def warnings_of(path: Path, cache: Path) -> tuple[str, ...]:
    return load_classifier(ModelSource(path, None, cache), DirectReader(ImageLimits())).warnings


def test_a_wrong_scale_in_the_card_is_told_at_start_and_a_right_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    right = write_remembering_model(tmp_path / "right.keras", MEAN, VARIANCE)
    wrong = write_remembering_model(tmp_path / "wrong.keras", MEAN, VARIANCE, scale="none")
    with caplog.at_level(logging.WARNING, logger="vistazo"):
        assert warnings_of(right, tmp_path) == ()
        assert not caplog.records
        (warning,) = warnings_of(wrong, tmp_path)
    assert "Set input.scale in the card to '1/255'" in warning
    assert [vars(record)["reason"] for record in caplog.records] == [warning]


@pytest.mark.parametrize("damage", [0.0, -0.2, np.nan], ids=["zero", "negative", "no number"])
def test_a_damaged_variance_neither_crashes_the_start_nor_is_a_reason_to_doubt_the_card(
    damage: float, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    variance = np.array([VARIANCE[0], damage, damage])
    path = write_remembering_model(tmp_path / "m.keras", MEAN, variance, scale="none")
    with pytest.raises(UnsupportedModelError, match="damaged") if damage else nullcontext():
        assert warnings_of(path, tmp_path) == ()
    assert not caplog.records

"""What every engine promises: the same scores for the same images, alone or in a batch."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from builders import write_brightness_model
from vistazo.engines.agreement import agreement
from vistazo.engines.base import Engine
from vistazo.engines.framework import load_framework
from vistazo.engines.keras import KerasEngine
from vistazo.engines.microbatching import MicrobatchingEngine
from vistazo.engines.onnx import OnnxEngine
from vistazo.engines.openvino import OpenvinoEngine
from vistazo.errors import (
    CardError,
    SettingsError,
    UnreadableModelError,
    UnsupportedModelError,
)
from vistazo.loading import ModelSource, load_classifier
from vistazo.models.compilation import compile_model
from vistazo.pictures import ImageLimits
from vistazo.pictures.reader import DirectReader

SIZE = (12, 10)
IMAGES = np.random.default_rng(0).random((5, *SIZE, 3), np.float32)


def build() -> Any:
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((*SIZE, 3)),
            layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4, activation="softmax", kernel_initializer="random_normal"),
        ]
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models")
    model = build()
    model.save(path / "m.keras")
    model.export(path / "saved", verbose=False)
    np.save(path / "scores.npy", model.predict(IMAGES, verbose=0))
    compile_model(path / "m.keras", path / "m.onnx")
    return path


COMPILED: dict[str, Callable[[Path], Engine]] = {
    "onnx": lambda folder: OnnxEngine(folder / "m.onnx"),
    "openvino": lambda folder: OpenvinoEngine(folder / "m.onnx", threads=2),
    "microbatching": lambda folder: MicrobatchingEngine(OnnxEngine(folder / "m.onnx")),
}
ENGINES: dict[str, Callable[[Path], Engine]] = {
    **COMPILED,
    "keras": lambda folder: KerasEngine(folder / "m.keras", SIZE),
    "SavedModel": lambda folder: KerasEngine(folder / "saved", SIZE),
}


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, folder: Path) -> Engine:
    return ENGINES[request.param](folder)


def test_the_scores_are_those_of_the_framework(engine: Engine, folder: Path) -> None:
    expected = np.load(folder / "scores.npy")
    scores = engine.run(IMAGES).scores
    assert scores.dtype == np.float32
    assert scores == pytest.approx(expected, abs=1e-5)
    assert np.ptp(expected, axis=0).max() > 1e-3, "pictures that differ have scores that differ"


def test_a_batch_of_n_equals_n_batches_of_one(engine: Engine) -> None:
    together = engine.run(IMAGES)
    for index in range(len(IMAGES)):
        alone = engine.run(IMAGES[index : index + 1])
        assert alone.scores[0] == pytest.approx(together.scores[index], abs=1e-6)


def test_threads_that_run_at_once_get_their_own_answers(engine: Engine) -> None:
    expected = [engine.run(IMAGES[index : index + 1]).scores for index in range(len(IMAGES))]

    def differ(index: int) -> bool:
        scores = (engine.run(IMAGES[index : index + 1]).scores for _ in range(5))
        return any(not np.array_equal(found, expected[index]) for found in scores)

    with ThreadPoolExecutor(len(IMAGES)) as threads:
        assert not any(threads.map(differ, range(len(IMAGES))))


@pytest.mark.parametrize("name", COMPILED)
def test_the_head_and_the_probe_are_those_of_onnx_runtime(name: str, folder: Path) -> None:
    engine, reference = COMPILED[name](folder), COMPILED["onnx"](folder)
    maps = reference.run(IMAGES).features
    assert maps is not None
    assert engine.head is not None
    assert reference.head is not None
    assert engine.head(maps) == pytest.approx(reference.head(maps), abs=1e-6)
    assert engine.head(maps[:1]).shape == (1, 4), "any number of maps"
    probe, expected = engine.probe, reference.probe
    assert probe is not None
    assert expected is not None
    assert (probe.layer, probe.is_frozen) == (expected.layer, expected.is_frozen)
    assert probe.mean == pytest.approx(expected.mean)
    assert probe.variance == pytest.approx(expected.variance)
    for found, wanted in zip(probe.measure(IMAGES), expected.measure(IMAGES), strict=True):
        assert found == pytest.approx(wanted, abs=1e-6)


def test_an_interruption_changes_no_later_run(engine: Engine) -> None:
    before = engine.run(IMAGES).scores
    engine.interrupt()
    assert np.array_equal(engine.run(IMAGES).scores, before)


@pytest.mark.parametrize("name", COMPILED)
def test_what_runs_is_ended_by_an_interruption(name: str, folder: Path) -> None:
    engine, many, faults = COMPILED[name](folder), np.repeat(IMAGES, 400, axis=0), list[Exception]()

    def run() -> None:
        try:
            while True:
                engine.run(many)
        except Exception as error:  # the runtime's own
            faults.append(error)

    running = threading.Thread(target=run, daemon=True)
    running.start()
    deadline = time.monotonic() + 10
    while running.is_alive() and time.monotonic() < deadline:
        engine.interrupt()
        time.sleep(0.001)
    assert any(words in str(faults) for words in ("terminate", "cancel", "ended"))


def test_the_signature_says_what_goes_in_and_what_comes_out(engine: Engine) -> None:
    found = engine.signature
    assert (found.height, found.width, found.channels, found.units) == (*SIZE, 3, 4)
    assert found.activation in ("softmax", "unknown")


def test_the_feature_map_is_that_of_the_signature(engine: Engine) -> None:
    features = engine.run(IMAGES).features
    if engine.signature.features is None:
        assert features is None
    else:
        assert features is not None
        assert features.shape == (len(IMAGES), *engine.signature.features)


def build_of_several() -> Any:
    import keras

    keras.utils.set_random_seed(1)
    layers = keras.layers
    image = layers.Input((*SIZE, 3))
    early = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(image)
    late = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu", name="map")(early)
    pooled = layers.GlobalAveragePooling2D(name="pooled")(late)
    age = layers.Dense(1, name="age", kernel_initializer="random_normal")(
        layers.GlobalMaxPooling2D()(early)
    )
    gender = layers.Dense(2, activation="softmax", name="gender")(pooled)
    return keras.Model(image, [age, gender, late, pooled])


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("several")
    model = build_of_several()
    model.save(path / "m.keras")
    model.export(path / "saved", verbose=False)
    age, gender, _, pooled = model(IMAGES, training=False)
    np.savez(path / "outputs.npz", age=age, gender=gender, pooled=pooled)
    compile_model(path / "m.keras", path / "m.onnx")
    return path


@pytest.mark.parametrize("name", ENGINES)
def test_the_first_output_that_classifies_is_the_scores_and_the_others_lie_beside_it(
    name: str, several: Path
) -> None:
    engine = ENGINES[name](several)
    with np.load(several / "outputs.npz") as expected:
        others = np.hstack([expected["age"], expected["pooled"]])
        scores = expected["gender"]
    found = engine.run(IMAGES)
    assert found.scores == pytest.approx(scores, abs=1e-5)
    assert found.others == pytest.approx(others, abs=1e-5)
    assert [each.units for each in engine.signature.others] == [1, 6]
    if name != "SavedModel":  # it has forgotten the names
        assert engine.signature.output == "gender"
        assert [each.name for each in engine.signature.others] == ["age", "pooled"]
        assert engine.signature.no_rows == ("map",)
    for index in range(len(IMAGES)):
        alone = engine.run(IMAGES[index : index + 1])
        assert alone.others is not None
        assert alone.others[0] == pytest.approx(others[index], abs=1e-5)


def test_the_output_that_is_asked_for_is_the_scores_and_the_head_is_its_own(
    several: Path, tmp_path: Path
) -> None:
    signature = compile_model(several / "m.keras", tmp_path / "m.onnx", output="age")
    assert (signature.output, signature.units) == ("age", 1)
    found = OnnxEngine(tmp_path / "m.onnx").run(IMAGES)
    with np.load(several / "outputs.npz") as expected:
        assert found.scores == pytest.approx(expected["age"], abs=1e-5)
        assert found.others == pytest.approx(
            np.hstack([expected["gender"], expected["pooled"]]), abs=1e-5
        )
    keras_says = KerasEngine(several / "m.keras", SIZE, output="age").run(IMAGES)
    assert keras_says.scores == pytest.approx(found.scores, abs=1e-5)
    with pytest.raises(CardError, match=r"'wisdom'.*age, gender, pooled"):
        compile_model(several / "m.keras", tmp_path / "m.onnx", output="wisdom")


def test_the_head_of_one_of_several_outputs_is_asked_alone(several: Path) -> None:
    found, reference = COMPILED["onnx"](several), COMPILED["openvino"](several)
    maps = found.run(IMAGES).features
    assert maps is not None
    assert found.head is not None
    assert reference.head is not None
    assert found.head(maps) == pytest.approx(reference.head(maps), abs=1e-5)
    assert np.ptp(found.head(maps)) > 1e-3


def test_the_check_with_keras_compares_each_output_by_its_name(several: Path) -> None:
    found = agreement(several / "m.onnx", load_framework(several / "m.keras", (), major=3), IMAGES)
    assert found.is_within
    assert found.highest - found.lowest > 0.5


def test_a_plain_file_names_every_output_and_can_be_served(several: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.onnx"
    compile_model(several / "m.keras", plain, with_evidence=False)
    named = [output.name for output in onnx.load(plain).graph.output]
    assert named == ["scores", "outputs/age", "outputs/pooled"]
    signature = compile_model(plain, tmp_path / "again.onnx")
    assert [each.name for each in signature.others] == ["age", "pooled"]
    again = OnnxEngine(tmp_path / "again.onnx").run(IMAGES)
    assert again.others == pytest.approx(
        OnnxEngine(several / "m.onnx").run(IMAGES).others, abs=1e-6
    )
    compile_model(several / "m.onnx", tmp_path / "bare.onnx", with_evidence=False)
    bare = [output.name for output in onnx.load(tmp_path / "bare.onnx").graph.output]
    assert bare == named


CUSTOM = """
import keras

@keras.saving.register_keras_serializable("mine")
class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x
"""


CONVERTER = """
from vistazo.models.keras_import import register

@register("Doubled")
def doubled(call):
    factor = call.graph.floats(FACTOR)
    return call.graph.like(call.input, call.graph.op("Mul", call.input.name, factor))
"""


def test_a_custom_layer_is_read_as_data_where_a_converter_of_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_brightness_model(tmp_path / "m.keras", maps=True, custom="Doubled")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    image = np.full((1, 8, 8, 1), 0.2, np.float32)
    # Other code compiles the same file again. By its size alone Python tells it within a second.
    for factor in (2, 2.5):
        (tmp_path / "my_converters.py").write_text(CONVERTER.replace("FACTOR", str(factor)))
        source = ModelSource(model, None, tmp_path / "cache", keras_layers="my_converters")
        classifier = load_classifier(source, DirectReader(ImageLimits()))
        score = classifier._engine.run(image).scores[0, 0]
        assert score == pytest.approx(1 / (1 + np.exp(4 - 8 * factor * 0.2)), abs=1e-5)


def test_a_custom_layer_without_a_converter_is_refused_by_name(tmp_path: Path) -> None:
    model = write_brightness_model(tmp_path / "m.keras", custom="Doubled")
    with pytest.raises(UnsupportedModelError, match="Doubled"):
        compile_model(model, tmp_path / "m.onnx")


def test_converters_that_cannot_be_imported_are_told_in_words(tmp_path: Path) -> None:
    model = write_brightness_model(tmp_path / "m.keras")
    with pytest.raises(SettingsError, match="KERAS_LAYERS names the module 'not_there'"):
        compile_model(model, tmp_path / "m.onnx", layers_module="not_there")
    source = ModelSource(model, None, tmp_path / "cache", keras_layers="not_there")
    with pytest.raises(SettingsError, match="PYTHONPATH"):
        load_classifier(source, DirectReader(ImageLimits()))


def test_a_custom_layer_is_run_by_keras_where_its_module_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    (tmp_path / "my_layers.py").write_text(CUSTOM)
    monkeypatch.syspath_prepend(tmp_path)
    import my_layers  # type: ignore[import-not-found]

    model = keras.Sequential(
        [
            keras.layers.Input((4, 4, 1)),
            keras.layers.GlobalAveragePooling2D(),
            my_layers.Doubled(),
        ]
    )
    model.save(tmp_path / "m.keras")
    del sys.modules["my_layers"]
    engine = KerasEngine(tmp_path / "m.keras", (4, 4), layers_module="my_layers")
    images = np.full((1, 4, 4, 1), 0.3, np.float32)
    assert engine.run(images).scores == pytest.approx(0.6)


def test_a_module_that_is_not_there_and_a_file_that_is_no_model_are_told_in_words(
    tmp_path: Path,
) -> None:
    with pytest.raises(SettingsError, match="KERAS_LAYERS"):
        KerasEngine(tmp_path / "m.keras", SIZE, layers_module="no_such_module")
    (tmp_path / "m.keras").write_text("no model")
    with pytest.raises(UnreadableModelError, match="cannot load"):
        KerasEngine(tmp_path / "m.keras", SIZE)

"""``convert --check``: Keras itself is asked, and what it says is told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import model_files
import tfjs_files
import vistazo.cli.framework_check
from builders import card, encoded, film, write_brightness_model
from command_line import run_here
from vistazo.cli.framework_check import Converted, check
from vistazo.engines.agreement import Agreement, random_images
from vistazo.engines.framework import Framework, arranged, load_framework, picture_size
from vistazo.engines.keras import KerasEngine
from vistazo.errors import SettingsError, UnreadableModelError, UnsupportedModelError
from vistazo.models.card_file import card_path, write_card
from vistazo.models.keras_import import convert
from vistazo.service.settings import Settings

IMAGES = np.random.default_rng(0).random((2, 8, 9, 3), np.float32)


class FakeModel:
    """What Keras would load: gives the scores of a function."""

    input_shape = (None, 8, 8, 1)
    output_shape = (None, 1)
    output_names = ("score",)

    def __init__(self, scores: Callable[[Any], Any]) -> None:
        self._scores, self.asked = scores, []

    def __call__(self, images: Any, *, training: bool) -> Any:
        assert not training
        self.asked.append(images)
        return self._scores(images)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Converted:
    model = write_brightness_model(tmp_path_factory.mktemp("m") / "m.keras")
    out = model.with_suffix(".onnx")
    return Converted(model, (), out, convert(model, out), card_path(model))


@pytest.fixture(scope="module")
def grey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that Keras wrote, of pictures without an axis for colours."""
    keras = model_files.keras3()
    layers = [keras.Input((9, 8)), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")]
    return model_files.save(keras.Sequential(layers), tmp_path_factory.mktemp("grey") / "g.keras")


def keras_says(monkeypatch: pytest.MonkeyPatch, scores: Callable[[Any], Any]) -> FakeModel:
    fake = FakeModel(scores)
    framework = Framework("keras", "3.0", fake)
    monkeypatch.setattr(vistazo.cli.framework_check, "load_framework", lambda *_, **__: framework)
    return fake


def test_keras_itself_agrees_with_the_compiled_model(grey: Path) -> None:
    done = run_here(("convert", str(grey), str(grey.with_suffix(".onnx")), "--check"), {})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "says the same: on 9 pictures the largest difference is" in done.stdout


def test_keras_as_the_engine_takes_pictures_without_an_axis_for_colours(grey: Path) -> None:
    engine = KerasEngine(grey, None)
    image = next(random_images(9, 8, 1))
    [expected] = load_framework(grey, (), major=3).scores(image[None]).values()
    assert (engine.signature.height, engine.signature.width) == (9, 8)
    assert engine.run(image[None]).scores == pytest.approx(expected, abs=1e-6)


def test_keras_as_the_engine_takes_a_model_in_two_files(grey: Path, tmp_path: Path) -> None:
    whole = load_framework(grey, (), major=3)
    layers, weights = tmp_path / "model.json", tmp_path / "model.weights.h5"
    layers.write_text(whole.model.to_json())
    whole.model.save_weights(weights)
    image = next(random_images(9, 8, 1))[None]
    [expected] = whole.scores(image).values()
    engine = KerasEngine(layers, None, weights=[weights])
    assert engine.run(image).scores == pytest.approx(expected, abs=1e-6)


def test_keras_as_the_engine_takes_what_only_keras_2_can_load(tmp_path: Path) -> None:
    keras = model_files.keras2()
    image = keras.layers.Input((9, 8, 1))
    scores = keras.layers.Dense(3, "softmax")(keras.layers.Flatten()(image))
    model = keras.Model(image, scores)
    layers, weights = tmp_path / "model.json", tmp_path / "model.h5"
    layers.write_text(model.to_json())
    model.save_weights(weights)
    engine = KerasEngine(layers, None, weights=[weights])
    assert engine.runtime.engine == "tf_keras"
    images = np.stack([*random_images(9, 8, 1)])
    assert engine.run(images).scores == pytest.approx(model(images).numpy(), abs=1e-6)


def test_a_difference_is_told_and_is_the_exit_status(
    compiled: Converted, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keras_says(monkeypatch, lambda images: np.full((len(images), 1), 0.25))
    assert check(compiled, None, Settings()) == 1
    assert "does NOT say the same" in capsys.readouterr().out


def test_no_number_is_no_agreement(compiled: Converted, monkeypatch: pytest.MonkeyPatch) -> None:
    keras_says(monkeypatch, lambda images: np.full((len(images), 1), np.nan))
    assert check(compiled, None, Settings()) == 1


def test_other_outputs_are_another_model(
    compiled: Converted, monkeypatch: pytest.MonkeyPatch
) -> None:
    keras_says(monkeypatch, lambda images: np.zeros((len(images), 3)))
    with pytest.raises(UnreadableModelError, match="not the same model"):
        check(compiled, None, Settings())


def test_keras_is_not_asked_about_a_model_of_tensorflow_js(tmp_path: Path) -> None:
    path = tfjs_files.as_tfjs(tmp_path)
    weights = [tmp_path / "weights.bin"]
    with pytest.raises(UnsupportedModelError, match=r"tfjs.* cannot load it\. Take --check away"):
        load_framework(path, weights, major=2, what="--check")


@pytest.mark.parametrize(("scale", "high"), [("none", 255.0), ("1/255", 1.0)])
def test_pictures_are_prepared_as_the_card_says(
    compiled: Converted,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    scale: str,
    high: float,
) -> None:
    folder = compiled.model.parent
    write_card(card(input={"scale": scale}), card_path(compiled.model))
    fake = keras_says(monkeypatch, lambda images: np.zeros((len(images), 1)))
    (folder / "film.png").write_bytes(encoded(film()))
    (folder / "text.png").write_bytes(b"no picture")
    check(compiled, folder, Settings())
    assert len(fake.asked) == 10
    assert high / 2 < fake.asked[-1].max() <= high
    assert "text.png is left out" in capsys.readouterr().err


def test_without_keras_it_says_what_to_install(
    compiled: Converted, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("keras", "tf_keras"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SettingsError, match="--check needs Keras and TensorFlow: pip install"):
        check(compiled, None, Settings())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["m.onnx", "o.onnx", "--check"], "in ONNX already"),
        (["m.keras", "o.onnx", "--check", "no/such"], "There is no no/such"),
        (["m.keras", "o.onnx", "--check", "--int8", "."], "--int8 compares by itself"),
    ],
)
def test_what_cannot_be_checked_is_told_before_anything_is_done(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    done = run_here(("convert", *arguments), {}, tmp_path)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert not (tmp_path / "o.onnx").exists()


@pytest.mark.parametrize("high", [1.0, 100.0])
def test_a_difference_is_beside_the_range_of_the_scores(high: float) -> None:
    one = (np.array([0.0, high], np.float32),)
    near = (np.array([0.0, high * (1 + 0.9e-4)], np.float32),)
    far = (np.array([0.0, high * (1 + 1.2e-4)], np.float32),)
    assert Agreement().and_of(near, one).is_within
    assert not Agreement().and_of(far, one).is_within


def test_random_pictures_are_the_same_each_time_and_cover_the_usual_ranges() -> None:
    first, again = (list(random_images(8, 9, 3)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert {image.shape for image in first} == {(8, 9, 3)}
    assert [max(image.max() for image in first[at : at + 3]) > 0.5 for at in (0, 3, 6)] == [1] * 3
    assert min(image.min() for image in first) < -0.5
    assert max(image.max() for image in first) > 200


@pytest.mark.parametrize(
    ("shape", "size", "picture"),
    [
        ((None, 8, 9, 3), None, (8, 9, 3)),
        ((None, 3, 8, 9), None, (8, 9, 3)),
        ((None, None, None, 1), (8, 9), (8, 9, 1)),
        ((None, 28, 28), None, (28, 28, 1)),
        ((None, 784), (28, 28), (28, 28, 1)),
        ((None, 2352), (28, 28), (28, 28, 3)),
    ],
)
def test_what_keras_takes_is_known_as_a_picture(
    shape: tuple[int | None, ...], size: tuple[int, int] | None, picture: tuple[int, int, int]
) -> None:
    assert picture_size(shape, size) == picture


@pytest.mark.parametrize(
    ("shape", "size"), [((None, 784), None), ((None, 784), (20, 20)), ((None, 60, 1), (60, 1))]
)
def test_what_is_no_picture_is_refused_in_words(
    shape: tuple[int | None, ...], size: tuple[int, int] | None
) -> None:
    with pytest.raises(UnsupportedModelError, match=r"numbers in a row|no batch of images"):
        picture_size(shape, size)


def test_images_are_arranged_as_the_model_takes_them() -> None:
    assert arranged(IMAGES, (None, 8, 9, 3)) is IMAGES
    assert np.array_equal(arranged(IMAGES, (None, 3, 8, 9))[:, 1], IMAGES[..., 1])
    assert np.array_equal(arranged(IMAGES[..., :1], (None, 8, 9)), IMAGES[..., 0])
    rows = arranged(IMAGES, (None, 216))
    assert np.array_equal(rows[0, :6], [*IMAGES[0, 0, 0], *IMAGES[0, 0, 1]]), "h, w, c"

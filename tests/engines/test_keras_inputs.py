"""What is a model's input: a picture, a picture laid flat, or none."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import model_files
from builders import layer, write_keras_archive
from vistazo.engines.framework import load_framework
from vistazo.errors import ModelError, UnsupportedModelError
from vistazo.models.keras_import import describe, read_signature
from vistazo.models.keras_import.laid_flat import unfolded

Layers = list[dict[str, Any]]


def written(folder: Path, shape: tuple[int | None, ...], *layers: dict[str, Any]) -> Path:
    """A ``.keras`` file that no Keras is needed for; no layer of it has weights."""
    start = layer("InputLayer", "start", batch_shape=[None, *shape])
    config = {"name": "model", "layers": [start, *layers]}
    weights = io.BytesIO()
    with h5py.File(weights, "w"):
        pass
    path = folder / "m.keras"
    write_keras_archive(path, {"class_name": "Sequential", "config": config}, weights.getvalue())
    return path


FLATTEN = layer("Flatten", "flatten")
SERIES = layer("GlobalAveragePooling1D", "mean")
SOFTMAX = layer("Softmax", "softmax")
NO_PICTURES = [
    ((63,), [SOFTMAX], "no picture, but a row of 63 numbers, such as landmarks"),
    ((None,), [SOFTMAX], "no picture, .*a row of any number of numbers"),
    ((100, 5), [FLATTEN], r"no picture, .*series of 100 steps of 5 numbers, such as landmarks"),
    ((30, 1662), [SERIES], r"no picture, .*series of 30 steps.*If it is a grey.*--input"),
    ((None, 63), [SERIES], r"no picture, .*series of any number of steps of 63"),
    ((73795, 106), [FLATTEN], r"no picture, .*no side .* more than 16384.*shape of one"),
    ((60000, 28, 28), [FLATTEN], r"no picture, .*no side"),
    ((16, 64, 64, 3), [FLATTEN], "no picture, .*a video"),
    ((2,) * 9, [FLATTEN], "no picture"),
    ((), [FLATTEN], "no picture"),
    ((100,), [layer("Embedding", "words", input_dim=9)], "no picture, .*words in a text"),
    ((10**30,), [SOFTMAX], "no picture"),
]


@pytest.mark.parametrize(("shape", "layers", "words"), NO_PICTURES)
def test_a_model_of_something_else_says_what_it_takes_before_anything_about_layers(
    shape: tuple[int | None, ...], layers: Layers, words: str, tmp_path: Path
) -> None:
    path = written(tmp_path, shape, *layers, layer("Conv3D", "last"))
    with pytest.raises(UnsupportedModelError, match=f"takes {words}"):
        read_signature(path)
    problems = describe(path).problems
    assert "no picture" in problems[0]
    assert any("Conv3D is a layer of Keras" in problem for problem in problems[1:])


def test_a_square_series_or_one_that_is_said_to_be_a_picture_is_one(tmp_path: Path) -> None:
    square = read_signature(written(tmp_path, (28, 28), SERIES))
    assert (square.height, square.width, square.channels, square.units) == (28, 28, 1, 28)
    said = written(tmp_path, (30, 60), SERIES)
    assert read_signature(said, (30, 60)).width == 60
    with pytest.raises(UnsupportedModelError, match="series of 30 steps"):
        read_signature(said, (30, 61))


@pytest.mark.parametrize(
    ("length", "asked", "words"),
    [
        (784, None, "INPUT_SIZE=HEIGHTxWIDTH, .*28x28 in grey.$"),
        (12288, None, "64x64 in colour, 96x128 in grey, 128x96 in grey.$"),
        (784, (30, 30), "30x30 is 900 numbers in grey and 2700 in colour.* 784. .*28x28 in grey"),
        (997, (8, 8), "row of 997.$"),
    ],
)
def test_a_row_of_numbers_asks_for_its_size_and_names_those_that_would_fit(
    length: int, asked: tuple[int, int] | None, words: str, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedModelError, match=words):
        read_signature(written(tmp_path, (length,), SOFTMAX), asked)


@pytest.mark.parametrize(("framework", "suffix"), [("keras3", "keras"), ("keras2", "h5")])
@pytest.mark.parametrize("size", [(28, 28, 1), (6, 9, 3)])
def test_a_picture_laid_flat_is_in_the_order_in_which_keras_flattens(
    framework: str, suffix: str, size: tuple[int, int, int], tmp_path: Path
) -> None:
    keras = getattr(model_files, framework)()
    length = int(np.prod(size))
    model = keras.Sequential(
        [keras.Input((length,)), keras.layers.Dense(5, "relu"), keras.layers.Dense(3, "softmax")]
    )
    path = model_files.save(model_files.randomize(model), tmp_path / f"m.{suffix}")
    images = np.random.default_rng(0).random((4, *size), dtype=np.float32)
    target, signature = model_files.convert_checked(path, size[:2])
    assert (signature.height, signature.width, signature.channels) == size
    assert signature.features is None
    expected = model_files.answer(model, images.reshape(4, -1))
    got = model_files.run_onnx(target, images)[0]
    assert np.abs(got - expected).max() < model_files.TOLERANCE
    assert model_files.run_onnx(target, images[:0])[0].shape == (0, 3)


@given(
    length=st.integers(-1, 10**12) | st.sampled_from([0, 784, 3072, 12288, 150_528, 16_384**2 * 3]),
    asked=st.none() | st.tuples(st.integers(0, 400), st.integers(0, 400)),
)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_any_row_has_the_asked_size_or_one_of_our_errors(
    length: int, asked: tuple[int, int] | None
) -> None:
    try:
        height, width, channels = unfolded(length, asked)
    except ModelError as error:
        assert asked is None or length not in (asked[0] * asked[1], asked[0] * asked[1] * 3)
        assert len(str(error)) < 400  # noqa: PT017
    else:
        assert (height, width) == asked
        assert height * width * channels == length


@pytest.mark.parametrize(("dims", "shape"), [([2, 3, 1], (3, 8, 9)), ([3, 1, 2], (8, 9, 3))])
def test_a_permute_at_the_beginning_says_where_the_channels_are(
    dims: list[int], shape: tuple[int, ...], tmp_path: Path
) -> None:
    form = "channels_last" if dims == [2, 3, 1] else "channels_first"
    mean = layer("GlobalAveragePooling2D", "mean", data_format=form)
    signature = read_signature(written(tmp_path, shape, layer("Permute", "turn", dims=dims), mean))
    assert (signature.height, signature.width, signature.channels) == (8, 9, 3)
    assert signature.units == 3


@pytest.mark.parametrize("target", [(3, 8, 9), (8, 9, 3), (8, 9, 1)])
def test_a_row_that_the_model_lays_out_itself_says_its_size_and_order(
    target: tuple[int, ...], tmp_path: Path
) -> None:
    keras = model_files.keras3()
    k, is_first = keras.layers, target[0] == 3
    layers = [
        k.Rescaling(0.5),
        k.Reshape(target),
        *([k.Permute((2, 3, 1))] if is_first else []),
        k.Conv2D(2, 3, name="conv"),
        k.GlobalMaxPooling2D(),
    ]
    model = keras.Sequential([keras.Input((int(np.prod(target)),)), *layers])
    path = model_files.save(model_files.randomize(model), tmp_path / "m.keras")
    images = np.random.default_rng(0).random((2, 8, 9, 1 if target[2] == 1 else 3), np.float32)
    rows = images.transpose(0, 3, 1, 2) if is_first else images
    expected = model_files.answer(model, rows.reshape(2, -1))
    target_file, signature = model_files.convert_checked(path)
    assert (signature.height, signature.width, signature.channels) == images.shape[1:]
    assert signature.features == (6, 7, 2)
    assert np.abs(model_files.run_onnx(target_file, images)[0] - expected).max() < 1e-5
    framework = load_framework(path, (), major=3)
    (scores,) = framework.scores(images).values()
    assert np.abs(scores - expected).max() < 1e-5

"""Layers along a sequence give the framework's own numbers, whatever their options."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import model_files

FRAMEWORKS = {"keras 3": (model_files.keras3, "keras"), "keras 2": (model_files.keras2, "h5")}
STEPS, CHANNELS = 13, 4

few = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def difference(keras: ModuleType, path: Path, *layers: Any, is_plain_too: bool = False) -> float:
    """Of a model of these layers, on the rows of a picture; in plain runtimes, too."""
    rows = keras.layers.Reshape((STEPS, CHANNELS))
    start = keras.Input((STEPS, 2, CHANNELS // 2))
    model = keras.Sequential([start, rows, *layers, keras.layers.Flatten()])
    images = model_files.pictures(model_files.randomize(model), high=2.0) - 1
    model_files.save(model, path)
    if is_plain_too:
        model_files.check_plain(path, images, model_files.answer(model, images))
    return model_files.difference(model, path, images)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_layers_along_a_sequence_give_the_numbers_of_their_framework(
    framework: str, tmp_path: Path
) -> None:
    load, suffix = FRAMEWORKS[framework]
    keras = load()
    k, path = keras.layers, tmp_path / f"m.{suffix}"
    layers = [
        k.ZeroPadding1D((1, 2)),
        k.Conv1D(6, 3, activation="relu", padding="causal", dilation_rate=2),
        k.SpatialDropout1D(0.5),
        k.BatchNormalization(),
        k.MaxPooling1D(),
        k.DepthwiseConv1D(3, depth_multiplier=2, padding="same", activation="tanh"),
        k.UpSampling1D(3),
        k.SeparableConv1D(5, 3, depth_multiplier=2, strides=2),
        k.AveragePooling1D(3, 2, padding="same"),
        k.Conv1DTranspose(4, 3, strides=2, use_bias=False),
        k.Cropping1D((1, 2)),
        k.Conv1D(6, 2, groups=2, activation="softmax"),
    ]
    assert difference(keras, path, *layers) < model_files.TOLERANCE
    operations = [
        node.op_type for node in onnx.load(path.with_suffix(f".{suffix}.onnx")).graph.node
    ]
    assert operations.count("Transpose") == 4  # in and out, and around the normalization


def test_keras_2_goes_along_the_rows_of_a_map_and_before_them(tmp_path: Path) -> None:
    keras = model_files.keras2()
    k, path = keras.layers, tmp_path / "m.h5"
    layers = [
        k.Reshape((4, 13, 1)),
        k.Conv1D(3, 2, padding="causal"),
        k.Conv1D(2, 3, strides=2, padding="same"),
        k.Reshape((28, 2)),
        k.SeparableConv1D(3, 2, padding="causal", dilation_rate=2),
    ]
    assert difference(keras, path, *layers) < model_files.TOLERANCE


convolutions = st.fixed_dictionaries(
    {
        "kernel_size": st.integers(1, 4),
        "strides": st.integers(1, 3),
        "dilation_rate": st.integers(1, 2),
        "padding": st.sampled_from(["same", "valid", "causal"]),
        "use_bias": st.booleans(),
        "activation": st.sampled_from([None, "relu", "softmax"]),
    }
)
kinds = st.sampled_from(["Conv1D", "DepthwiseConv1D", "SeparableConv1D", "Conv1DTranspose"])


def convolution(keras: ModuleType, kind: str, chosen: dict[str, Any], number: int) -> Any:
    options = dict(chosen)
    if options["strides"] > 1:  # TensorFlow has no strided dilated convolution
        options["dilation_rate"] = 1
    if options["padding"] == "causal" and kind != "Conv1D":
        options["padding"] = "same"
    if kind == "Conv1DTranspose":  # oneDNN takes no kernel that is smaller than its stride
        options["kernel_size"] = max(options["kernel_size"], options["strides"])
        options["dilation_rate"] = 1
    own = {
        "Conv1D": {"filters": 4, "groups": number},
        "DepthwiseConv1D": {"depth_multiplier": number},
        "SeparableConv1D": {"filters": 3, "depth_multiplier": number},
        "Conv1DTranspose": {"filters": 3},
    }
    return getattr(keras.layers, kind)(**options, **own[kind])


def check_convolution(
    framework: str, kind: str, chosen: dict[str, Any], number: int, folder: Path
) -> None:
    load, suffix = FRAMEWORKS[framework]
    keras = load()
    layer = convolution(keras, kind, chosen, number)
    assert difference(keras, folder / f"m.{suffix}", layer) < model_files.TOLERANCE


@few
@given(kind=kinds, chosen=convolutions, number=st.integers(1, 2))
def test_any_convolution_along_a_sequence_agrees(
    kind: str, chosen: dict[str, Any], number: int, tmp_path: Path
) -> None:
    check_convolution("keras 3", kind, chosen, number, tmp_path)


@pytest.mark.longer
@pytest.mark.parametrize("framework", FRAMEWORKS)
@settings(few, max_examples=120)
@given(kind=kinds, chosen=convolutions, number=st.integers(1, 2))
def test_any_convolution_along_a_sequence_agrees_in_both_frameworks(
    framework: str, kind: str, chosen: dict[str, Any], number: int, tmp_path: Path
) -> None:
    check_convolution(framework, kind, chosen, number, tmp_path)


borders = st.one_of(st.integers(0, 3), st.tuples(st.integers(0, 3), st.integers(0, 3)))


@pytest.mark.longer
@pytest.mark.parametrize("framework", FRAMEWORKS)
@settings(few, max_examples=60)
@given(
    window=st.integers(1, 4),
    strides=st.none() | st.integers(1, 3),
    padding=st.sampled_from(["same", "valid"]),
    is_largest=st.booleans(),
    zeros=borders,
    cropped=borders,
    times=st.integers(1, 3),
)
def test_any_pooling_padding_and_cropping_of_a_sequence_agrees(
    framework: str,
    window: int,
    strides: int | None,
    padding: str,
    is_largest: bool,
    zeros: Any,
    cropped: Any,
    times: int,
    tmp_path: Path,
) -> None:
    load, suffix = FRAMEWORKS[framework]
    keras = load()
    k = keras.layers
    pool = k.MaxPooling1D if is_largest else k.AveragePooling1D
    layers = [
        k.ZeroPadding1D(zeros),
        pool(window, strides, padding=padding),
        k.UpSampling1D(times * 2),
        k.Cropping1D(cropped if times > 1 else 0),
    ]
    assert difference(keras, tmp_path / f"m.{suffix}", *layers) < model_files.TOLERANCE


def test_a_sequence_of_channels_first_gives_the_numbers_of_its_channels_last_twin(
    tmp_path: Path,
) -> None:
    keras = model_files.keras3()
    k = keras.layers

    def network(form: str) -> Any:
        options = {"data_format": form}
        turns = form == "channels_first"
        layers = [
            keras.Input((STEPS, CHANNELS)),
            *([k.Permute((2, 1))] if turns else []),
            k.ZeroPadding1D(1, **options),
            k.Conv1D(6, 3, padding="causal", **options),
            k.MaxPooling1D(2, **options),
            k.SeparableConv1D(4, 3, padding="same", **options),
            k.AveragePooling1D(2, 1, **options),
            k.AdaptiveMaxPooling1D(3, **options),
            *([k.Permute((2, 1))] if turns else []),
            k.Flatten(),
        ]
        return keras.Sequential(layers)

    last, first = model_files.randomize(network("channels_last")), network("channels_first")
    first.set_weights(last.get_weights())
    path = model_files.save(first, tmp_path / "m.keras")
    target, _ = model_files.convert_checked(path, (STEPS, CHANNELS))
    pictures = model_files.pictures(last, high=2.0) - 1
    scores = model_files.run_onnx(target, pictures[..., np.newaxis])[0]
    assert np.abs(scores - model_files.answer(last, pictures)).max() < model_files.TOLERANCE

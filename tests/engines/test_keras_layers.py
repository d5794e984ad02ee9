"""Every layer gives the framework's own numbers, whatever its options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import model_files


def let(value: Any, build: Callable[[Any], Any]) -> Any:
    """A value that is used more than once."""
    return build(value)


Build = Callable[[Any, Any], Any]
SHAPE = (9, 8, 6)
FRAMEWORKS = {"keras 3": model_files.keras3, "keras 2": model_files.keras2}

thrifty = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def model_of(keras: ModuleType, build: Build, shape: tuple[int, ...] = SHAPE) -> Any:
    """The layers under test on a map of random numbers, their result as one row of scores."""
    image = keras.Input(shape)
    out = build(keras.layers, image)
    scores = out if len(out.shape) == 2 else keras.layers.Flatten()(out)
    return model_files.randomize(keras.Model(image, scores))


def error_of(model: Any, path: Path) -> float:
    images = model_files.pictures(model, high=2.0) - 1
    return model_files.difference(model, model_files.save(model, path), images)


BOTH: dict[str, Build] = {
    "depthwise with multiplier": lambda k, x: k.DepthwiseConv2D(3, depth_multiplier=2)(x),
    "separable": lambda k, x: k.SeparableConv2D(5, 3, padding="same", activation="tanh")(x),
    "separable without bias, dilated": lambda k, x: k.SeparableConv2D(
        5, 2, dilation_rate=2, use_bias=False
    )(x),
    "dense on a map": lambda k, x: k.Dense(4, activation="gelu")(x),
    "dense chain": lambda k, x: k.Dense(3, activation="softmax")(k.Dense(4)(k.Flatten()(x))),
    "einsum dense": lambda k, x: k.EinsumDense("abcd,de->abce", (None, None, 7), bias_axes="e")(x),
    "einsum dense with dots": lambda k, x: k.EinsumDense(
        "...x,xy->...y", 4, bias_axes="y", activation="relu"
    )(x),
    "batch normalization": lambda k, x: k.BatchNormalization()(x),
    "batch normalization, bare": lambda k, x: k.BatchNormalization(
        center=False, scale=False, epsilon=1e-2
    )(x),
    "batch normalization of rows": lambda k, x: k.BatchNormalization(axis=2)(x),
    "batch normalization of a vector": lambda k, x: k.BatchNormalization()(k.Flatten()(x)),
    "batch normalization of a sequence": lambda k, x: k.BatchNormalization(scale=False)(
        k.Reshape((72, 6))(x)
    ),
    "batch normalization of a map, then its rows": lambda k, x: k.BatchNormalization(axis=1)(
        k.Conv2D(4, 3)(x)
    ),
    "layer normalization": lambda k, x: k.LayerNormalization()(k.Conv2D(4, 3)(x)),
    "layer normalization over all": lambda k, x: k.LayerNormalization(axis=[1, 2, 3])(x),
    "layer normalization, bare": lambda k, x: k.LayerNormalization(center=False, scale=False)(x),
    "group normalization": lambda k, x: k.GroupNormalization(3)(k.Conv2D(6, 3)(x)),
    "group normalization of rows": lambda k, x: k.GroupNormalization(2, axis=2)(x),
    "instance normalization": lambda k, x: k.GroupNormalization(-1)(x),
    "unit normalization": lambda k, x: k.UnitNormalization()(k.Conv2D(6, 3)(x)),
    "unit normalization of rows": lambda k, x: k.UnitNormalization(axis=[1, 2])(x),
    "normalization by constants": lambda k, x: k.Normalization(
        mean=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], variance=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    )(x),
    "normalization by one constant": lambda k, x: k.Normalization(
        axis=None, mean=0.5, variance=4.0
    )(x),
    "max pooling with its default": lambda k, x: k.MaxPooling2D()(x),
    "global average": lambda k, x: k.GlobalAveragePooling2D()(x),
    "global average kept": lambda k, x: k.GlobalAveragePooling2D(keepdims=True)(x),
    "global maximum": lambda k, x: k.GlobalMaxPooling2D()(k.Conv2D(4, 3)(x)),
    "global maximum kept": lambda k, x: k.GlobalMaxPooling2D(keepdims=True)(k.Conv2D(4, 3)(x)),
    "padding": lambda k, x: k.ZeroPadding2D(((1, 2), (0, 3)))(x),
    "padding before a convolution": lambda k, x: k.Conv2D(3, 3, padding="same", strides=2)(
        k.ZeroPadding2D((1, 2))(x)
    ),
    "padding seen by two": lambda k, x: let(
        k.ZeroPadding2D(1)(x),
        lambda p: k.Concatenate()([k.Conv2D(3, 3, padding="same")(p), k.ReLU()(p)]),
    ),
    "padding wins a maximum of negatives": lambda k, x: k.MaxPooling2D(3, 2)(
        k.ZeroPadding2D(1)(k.Rescaling(0.1, offset=-1.0)(x))
    ),
    "padding counts in an average": lambda k, x: k.AveragePooling2D(3, 2)(k.ZeroPadding2D(1)(x)),
    "padding as wide as the window of an average": lambda k, x: k.AveragePooling2D(2)(
        k.ZeroPadding2D(2)(x)
    ),
    "cropping": lambda k, x: k.Cropping2D(((1, 0), (2, 1)))(x),
    "mean of a sequence": lambda k, x: k.GlobalAveragePooling1D()(k.Reshape((72, 6))(x)),
    "maximum of a sequence": lambda k, x: k.GlobalMaxPooling1D(keepdims=True)(
        k.Reshape((72, 6))(x)
    ),
    "up-sampling": lambda k, x: k.UpSampling2D((2, 3))(x),
    "up-sampling, bilinear": lambda k, x: k.UpSampling2D(2, interpolation="bilinear")(x),
    "reshape": lambda k, x: k.Reshape((4, -1))(k.Conv2D(4, (2, 1))(x)),
    "reshape to one pixel": lambda k, x: k.Multiply()(
        [x, k.Reshape((1, 1, 6))(k.GlobalAveragePooling2D()(x))]
    ),
    "permute": lambda k, x: k.Permute((3, 1, 2))(k.Conv2D(4, 3)(x)),
    "repeat": lambda k, x: k.RepeatVector(3)(k.GlobalMaxPooling2D()(x)),
    "add": lambda k, x: k.Add()([x, k.Conv2D(6, 1)(x), x]),
    "subtract": lambda k, x: k.Subtract()([x, k.Conv2D(6, 1)(x)]),
    "multiply, broadcast": lambda k, x: k.Multiply()([x, k.GlobalMaxPooling2D()(x)]),
    "average": lambda k, x: k.Average()([x, k.Conv2D(6, 1)(x), x]),
    "maximum": lambda k, x: k.Maximum()([x, k.Conv2D(6, 1)(x)]),
    "minimum": lambda k, x: k.Minimum()([x, k.Conv2D(6, 1)(x)]),
    "concatenate": lambda k, x: k.Concatenate()([x, k.Conv2D(2, 1)(x)]),
    "concatenate rows": lambda k, x: k.Concatenate(axis=1)([x, k.Conv2D(6, 1)(x)]),
    "concatenate vectors": lambda k, x: k.Concatenate()(
        [k.GlobalMaxPooling2D()(x), k.GlobalAveragePooling2D()(x)]
    ),
    "dot": lambda k, x: k.Dot(axes=1, normalize=True)(
        [k.GlobalMaxPooling2D()(x), k.GlobalAveragePooling2D()(x)]
    ),
    "dot of matrices": lambda k, x: k.Dot(axes=(2, 1))(
        [k.Reshape((8, 54))(x), k.Reshape((54, 8))(x)]
    ),
    "rescaling": lambda k, x: k.Rescaling(1 / 127.5, offset=-1)(x),
    "resizing": lambda k, x: k.Resizing(5, 13)(x),
    "resizing, nearest": lambda k, x: k.Resizing(7, 13, interpolation="nearest")(x),
    "resizing, bicubic": lambda k, x: k.Resizing(17, 11, interpolation="bicubic")(x),
    "resizing, Lanczos": lambda k, x: k.Resizing(5, 13, interpolation="lanczos3")(x),
    "resizing the cropped centre": lambda k, x: k.Resizing(6, 3, crop_to_aspect_ratio=True)(x),
    "centre crop": lambda k, x: k.CenterCrop(4, 5)(x),
    "augmentation": lambda k, x: k.RandomZoom(0.2)(k.RandomRotation(0.1)(k.RandomFlip()(x))),
    "more augmentation": lambda k, x: k.RandomContrast(0.1)(k.RandomTranslation(0.1, 0.1)(x)),
    "noise": lambda k, x: k.GaussianNoise(0.5)(k.GaussianDropout(0.2)(k.AlphaDropout(0.2)(x))),
    "dropout": lambda k, x: k.SpatialDropout2D(0.2)(k.Dropout(0.5)(x)),
    "self attention": lambda k, x: let(
        k.Reshape((72, 6))(x), lambda s: k.MultiHeadAttention(2, 3)(s, s)
    ),
    "cross attention": lambda k, x: let(
        k.Reshape((72, 6))(x),
        lambda s: k.MultiHeadAttention(3, 2, value_dim=5, output_shape=4, use_bias=False)(
            s, k.Dense(7)(s), key=k.Dense(3)(s)
        ),
    ),
    "plain attention": lambda k, x: let(
        k.Reshape((72, 6))(x), lambda s: k.Attention()([s, k.Dense(6)(s)])
    ),
    "leaky relu": lambda k, x: k.LeakyReLU()(x),
    "parametric relu": lambda k, x: k.PReLU()(k.Conv2D(4, 3)(x)),
    "parametric relu, shared": lambda k, x: k.PReLU(shared_axes=[1, 2])(x),
    "elu": lambda k, x: k.ELU(0.7)(x),
    "relu, all options": lambda k, x: k.ReLU(max_value=0.8, negative_slope=0.1, threshold=0.2)(x),
    "relu, capped": lambda k, x: k.ReLU(6.0)(x),
    "softmax over rows": lambda k, x: k.Softmax(axis=1)(k.Conv2D(4, 3)(x)),
    "softmax of a map": lambda k, x: k.Conv2D(4, 3, activation="softmax")(x),
}


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", BOTH)
def test_a_layer_gives_the_numbers_of_its_framework(
    name: str, framework: str, tmp_path: Path
) -> None:
    model = model_of(FRAMEWORKS[framework](), BOTH[name])
    suffix = "keras" if framework == "keras 3" else "h5"
    assert error_of(model, tmp_path / f"m.{suffix}") < model_files.TOLERANCE


KERAS2: dict[str, Build] = {
    "cropping at random": lambda k, x: k.RandomCrop(4, 6)(x),
    "resizing, averaged": lambda k, x: k.Resizing(5, 13, interpolation="area")(x),
    "resizing, Gaussian": lambda k, x: k.Resizing(5, 13, interpolation="gaussian")(x),
    "resizing, Mitchell": lambda k, x: k.Resizing(5, 13, interpolation="mitchellcubic")(x),
    "thresholded relu": lambda k, x: k.ThresholdedReLU(0.4)(x),
}


@pytest.mark.parametrize("name", KERAS2)
def test_a_layer_that_only_keras_2_has_gives_its_numbers(name: str, tmp_path: Path) -> None:
    model = model_of(model_files.keras2(), KERAS2[name])
    assert error_of(model, tmp_path / "m.h5") < model_files.TOLERANCE


KERAS3: dict[str, Build] = {
    "resizing, antialiased": lambda k, x: k.Resizing(5, 13, antialias=True)(x),
    "resizing, bicubic and antialiased": lambda k, x: k.Resizing(
        5, 13, interpolation="bicubic", antialias=True
    )(x),
    "resizing, wide Lanczos": lambda k, x: k.Resizing(5, 13, interpolation="lanczos5")(x),
    "adaptive average pooling": lambda k, x: k.AdaptiveAveragePooling2D((3, 4))(x),
    "rms normalization": lambda k, x: k.RMSNormalization()(x),
    "inverse normalization": lambda k, x: k.Normalization(
        mean=[0.1] * 6, variance=[2.0] * 6, invert=True
    )(x),
    "gated attention": lambda k, x: let(
        k.Reshape((72, 6))(x), lambda s: k.MultiHeadAttention(2, 3, use_gate=True)(s, s)
    ),
    "causal attention": lambda k, x: let(
        k.Reshape((72, 6))(x), lambda s: k.MultiHeadAttention(2, 3)(s, s, use_causal_mask=True)
    ),
    "one scale per channel": lambda k, x: k.Rescaling([1.0, 2, 3, 4, 5, 6], offset=[0.5] * 6)(x),
    "activation layers as activations": lambda k, x: k.Conv2D(
        3, 3, activation=k.LeakyReLU(negative_slope=0.15)
    )(x),
    "augmentation of colours": lambda k, x: k.RandomBrightness(0.1)(x),
    "discarded branch": lambda k, x: k.Identity()(x),
}


@pytest.mark.parametrize("name", KERAS3)
def test_a_layer_that_only_keras_3_has_gives_its_numbers(name: str, tmp_path: Path) -> None:
    model = model_of(model_files.keras3(), KERAS3[name])
    assert error_of(model, tmp_path / "m.keras") < model_files.TOLERANCE


ACTIVATIONS_2 = (
    "relu selu elu gelu softplus softsign swish tanh sigmoid exponential hard_sigmoid mish softmax"
)
ACTIVATIONS_3 = (
    f"{ACTIVATIONS_2} silu relu6 leaky_relu celu hard_silu hard_swish hard_tanh hard_shrink "
    "soft_shrink tanh_shrink log_softmax log_sigmoid squareplus sparse_plus sparse_sigmoid linear"
)


@pytest.mark.parametrize(
    ("framework", "name"),
    [("keras 2", name) for name in ACTIVATIONS_2.split()]
    + [("keras 3", name) for name in ACTIVATIONS_3.split()],
)
def test_an_activation_gives_the_numbers_of_its_framework(
    framework: str, name: str, tmp_path: Path
) -> None:
    model = model_of(
        FRAMEWORKS[framework](), lambda k, x: k.Activation(name)(k.Rescaling(4.0)(x)), (3, 3, 4)
    )
    assert error_of(model, tmp_path / "m.h5") < model_files.TOLERANCE


windows = st.fixed_dictionaries(
    {
        "kernel": st.tuples(st.integers(1, 4), st.integers(1, 4)),
        "strides": st.integers(1, 3),
        "dilation": st.integers(1, 2),
        "padding": st.sampled_from(["same", "valid"]),
        "use_bias": st.booleans(),
        "activation": st.sampled_from([None, "relu", "softmax"]),
        "size": st.tuples(st.integers(8, 11), st.integers(8, 11)),
    }
)


def _options(chosen: dict[str, Any]) -> dict[str, Any]:
    # TensorFlow has no strided dilated convolution; strides of a kind only for depthwise ones.
    dilation = 1 if chosen["strides"] > 1 else chosen["dilation"]
    names = ("padding", "use_bias", "activation", "strides")
    return {"dilation_rate": dilation} | {name: chosen[name] for name in names}


@thrifty
@given(chosen=windows, groups=st.sampled_from([1, 1, 2]))
def test_any_convolution_agrees(chosen: dict[str, Any], groups: int, tmp_path: Path) -> None:
    model = model_of(
        model_files.keras3(),
        lambda k, x: k.Conv2D(4, chosen["kernel"], groups=groups, **_options(chosen))(x),
        (*chosen["size"], 4),
    )
    assert error_of(model, tmp_path / "m.keras") < model_files.TOLERANCE


@thrifty
@given(chosen=windows, multiplier=st.integers(1, 2), separable=st.booleans())
def test_any_depthwise_convolution_agrees(
    chosen: dict[str, Any], multiplier: int, separable: bool, tmp_path: Path
) -> None:
    options = _options(chosen) | {"depth_multiplier": multiplier}
    model = model_of(
        model_files.keras2(),
        lambda k, x: (
            k.SeparableConv2D(5, chosen["kernel"], **options)(x)
            if separable
            else k.DepthwiseConv2D(chosen["kernel"], **options)(x)
        ),
        (*chosen["size"], 3),
    )
    assert error_of(model, tmp_path / "m.h5") < model_files.TOLERANCE


@thrifty
@given(chosen=windows, extra=st.sampled_from([None, None, 0, 1]))
def test_any_transposed_convolution_agrees(
    chosen: dict[str, Any], extra: int | None, tmp_path: Path
) -> None:
    strides = chosen["strides"]
    if extra is not None and extra >= strides:
        extra = None
    options = {"strides": strides, "padding": chosen["padding"], "output_padding": extra}
    # oneDNN, which TensorFlow computes with, takes no kernel that is smaller than its stride.
    assume(min(chosen["kernel"]) >= strides)
    assume(extra is None or all(side % 2 for side in chosen["kernel"]))
    model = model_of(
        model_files.keras3(),
        lambda k, x: k.Conv2DTranspose(3, chosen["kernel"], use_bias=chosen["use_bias"], **options)(
            x
        ),
        (5, 6, 4),
    )
    assert error_of(model, tmp_path / "m.keras") < model_files.TOLERANCE


@thrifty
@given(chosen=windows, largest=st.booleans())
def test_any_pooling_agrees(chosen: dict[str, Any], largest: bool, tmp_path: Path) -> None:
    def build(layers: Any, x: Any) -> Any:
        pool = layers.MaxPooling2D if largest else layers.AveragePooling2D
        return pool(chosen["kernel"], strides=chosen["strides"], padding=chosen["padding"])(x)

    model = model_of(model_files.keras3(), build, (*chosen["size"], 3))
    assert error_of(model, tmp_path / "m.keras") < model_files.TOLERANCE


def _small_network(keras: ModuleType, data_format: str, shape: tuple[int, ...]) -> Any:
    axis = 1 if data_format == "channels_first" else 3
    form = {"data_format": data_format}
    layers = keras.layers
    image = keras.Input(shape)
    x = layers.ZeroPadding2D(1, **form)(image)
    x = layers.Conv2D(4, 3, strides=2, activation="relu", **form)(x)
    x = layers.BatchNormalization(axis=axis)(x)
    y = layers.SeparableConv2D(4, 3, padding="same", **form)(x)
    x = layers.Concatenate(axis=axis)([x, layers.Add()([x, y])])
    x = layers.PReLU(shared_axes=[3 - axis + 1, 2] if axis == 3 else [2, 3])(x)
    x = layers.UpSampling2D(2, **form)(x)
    x = layers.MaxPooling2D(2, **form)(layers.AveragePooling2D(2, 1, **form)(x))
    x = layers.Cropping2D(((0, 1), (1, 0)), **form)(x)
    x = layers.Conv2DTranspose(3, 2, **form)(layers.DepthwiseConv2D(2, **form)(x))
    vector = layers.GlobalMaxPooling2D(**form)(x)
    flat = layers.Flatten(**form)(x)
    scores = layers.Dense(3, activation="softmax")(layers.Concatenate()([flat, vector]))
    return keras.Model(image, scores)


def test_a_channels_first_network_gives_the_numbers_of_its_channels_last_twin(
    tmp_path: Path,
) -> None:
    # TensorFlow cannot compute channels first on a CPU; the same weights channels last can.
    keras = model_files.keras3()
    last = model_files.randomize(_small_network(keras, "channels_last", (12, 10, 3)))
    first = _small_network(keras, "channels_first", (3, 12, 10))
    weights = [
        w if first_w.shape == w.shape else np.transpose(w, (2, 0, 1))
        for w, first_w in zip(last.get_weights(), first.get_weights(), strict=True)
    ]
    first.set_weights(weights)
    images = model_files.pictures(last, high=2.0) - 1
    for suffix in ("keras", "h5"):
        target, signature = model_files.convert_checked(
            model_files.save(first, tmp_path / f"first.{suffix}")
        )
        scores, features = model_files.run_onnx(target, images)
        assert np.abs(scores - model_files.answer(last, images)).max() < model_files.TOLERANCE
        assert (signature.height, signature.width, signature.channels) == (12, 10, 3)
        assert features.shape[1:] == signature.features

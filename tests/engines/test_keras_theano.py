"""Files that Theano wrote: its scores, not those of TensorFlow with the same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import model_files
import old_keras_files
from old_keras_files import Floats, padded, random, softmax, theano_conv2d, windows
from vistazo.errors import UnsupportedModelError
from vistazo.models.keras_import import convert

SIZE = (7, 6, 2)
NOTED = {"keras_version": "2.2.4", "backend": "theano"}
CONVOLUTIONS = [
    {"kernel_size": [3, 3]},
    {"kernel_size": [3, 2], "padding": "same"},
    {"kernel_size": [3, 3], "padding": "same", "strides": [2, 2]},
    {"kernel_size": [2, 4], "padding": "same", "strides": [2, 3]},
    {"kernel_size": [3, 2], "padding": "same", "dilation_rate": [2, 2]},
]
POOLS = [
    {"pool_size": [2, 2], "padding": "same"},
    {"pool_size": [3, 5], "strides": [2, 1], "padding": "same"},
    {"pool_size": [4, 3], "strides": [3, 3], "padding": "same"},
]


def item(class_name: str, name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"name": name, **config}}


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    layers[0]["config"]["batch_input_shape"] = [None, *SIZE]
    return {"class_name": "Sequential", "config": list(layers)}


def scores_of(path: Path, images: Floats) -> Floats:
    target, _ = model_files.convert_checked(path)
    return model_files.run_onnx(target, images)[0]


def with_head(
    path: Path, layer: dict[str, Any], arrays: old_keras_files.Arrays, maps: Floats, **noted: str
) -> tuple[Path, Floats]:
    """The file of a model that ends in Flatten and Dense; what it makes of the layer's maps."""
    flat = maps.reshape(len(maps), -1)
    kernel = random(flat.shape[1], 3)
    config = sequential(
        layer,
        item("Flatten", "flat"),
        item("Dense", "last", units=3, activation="softmax", use_bias=False),
    )
    arrays = {**arrays, "last": {"last/kernel": kernel}}
    old_keras_files.write_h5(path, config, arrays, NOTED | noted)
    return path, softmax(flat @ kernel)


@pytest.mark.parametrize("options", CONVOLUTIONS, ids=str)
def test_a_convolution_of_theano_is_turned_and_padded_as_theano_did(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    images, kernel = random(2, *SIZE), random(*options["kernel_size"], 2, 4)
    maps = theano_conv2d(
        images,
        kernel,
        strides=options.get("strides", (1, 1)),
        same=options.get("padding") == "same",
        dilation=options.get("dilation_rate", [1])[0],
    )
    layer = item("Conv2D", "conv", filters=4, use_bias=False, **options)
    path, expected = with_head(tmp_path / "m.h5", layer, {"conv": {"conv/kernel": kernel}}, maps)
    assert np.abs(scores_of(path, images) - expected).max() < 1e-5


def test_the_same_file_of_tensorflow_is_not_turned(tmp_path: Path) -> None:
    images, kernel = random(2, *SIZE), random(3, 3, 2, 4)
    maps = theano_conv2d(images, kernel[::-1, ::-1])
    layer = item("Conv2D", "conv", filters=4, kernel_size=[3, 3], use_bias=False)
    arrays = {"conv": {"conv/kernel:0": kernel}}
    path, expected = with_head(tmp_path / "m.h5", layer, arrays, maps, backend="tensorflow")
    assert np.abs(scores_of(path, images) - expected).max() < 1e-5


@pytest.mark.parametrize("options", POOLS, ids=str)
@pytest.mark.parametrize(
    ("kind", "version"), [("Max", "2.0.8"), ("Average", "2.2.4"), ("Average", "2.0.8")]
)
def test_a_pool_of_theano_begins_where_theano_began(
    tmp_path: Path, kind: str, version: str, options: dict[str, Any]
) -> None:
    """Of 2.0.4 to 2.1.4 it took the zeros around for pixels."""
    images, counts = random(2, *SIZE), (kind, version) == ("Average", "2.0.8")
    size, strides = options["pool_size"], options.get("strides", options["pool_size"])
    before = [side - 2 if side % 2 else side - 1 for side in size]
    view = windows(padded(images, *before, value=0 if counts else np.nan), size, strides)
    pooled = (np.nanmax if kind == "Max" else np.nanmean)(view, axis=(-2, -1))
    wanted = [-(-side // step) for side, step in zip(SIZE[:2], strides, strict=True)]
    layer = item(f"{kind}Pooling2D", "pool", **options)
    maps = pooled[:, : wanted[0], : wanted[1]]
    path, expected = with_head(tmp_path / "m.h5", layer, {}, maps, keras_version=version)
    assert np.abs(scores_of(path, images) - expected).max() < 1e-5


def test_a_nested_convolution_is_turned_and_a_depthwise_one_is_not(tmp_path: Path) -> None:
    images, kernel, depthwise = random(2, *SIZE), random(3, 3, 2, 4), random(2, 3, 4, 1)
    inner = sequential(
        item("Conv2D", "conv", filters=4, kernel_size=[3, 3], use_bias=False),
        item("DepthwiseConv2D", "depth", kernel_size=[2, 3], use_bias=False),
    )
    layer = {"class_name": "Sequential", "config": {"name": "inner", "layers": inner["config"]}}
    view = windows(theano_conv2d(images, kernel), (2, 3), (1, 1))
    maps = np.einsum("nrscij,ijco->nrsc", view, depthwise)
    arrays = {"inner": {"conv/kernel": kernel, "depth/depthwise_kernel": depthwise}}
    path, expected = with_head(tmp_path / "m.h5", layer, arrays, maps)
    assert np.abs(scores_of(path, images) - expected).max() < 1e-5


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (item("UpSampling2D", "up", interpolation="bilinear"), "interpolation"),
        (
            item("SeparableConv2D", "odd", filters=2, kernel_size=[2, 3], padding="same"),
            "even kernel",
        ),
        (
            item("Conv2DTranspose", "odd", filters=2, kernel_size=[4, 3], padding="same"),
            "even kernel",
        ),
    ],
    ids=["bilinear", "separable", "transposed"],
)
def test_what_theano_computes_otherwise_is_refused_in_words(
    tmp_path: Path, layer: dict[str, Any], why: str
) -> None:
    path, _ = with_head(tmp_path / "m.h5", layer, {}, random(2, 3))
    with pytest.raises(UnsupportedModelError, match=f"Theano.*{why}.*Keras 2.2 on TensorFlow"):
        convert(path, tmp_path / "m.onnx")

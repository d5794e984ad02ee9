"""Files that Theano wrote: its scores, not those of TensorFlow with the same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import model_files
import old_keras_files
from old_keras_files import Floats, padded, random, softmax, theano_conv2d, windows
from vistazo.engines.former_keras import refuse_misread
from vistazo.errors import UnsupportedModelError
from vistazo.models.keras_import import convert

thrifty = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
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


@pytest.mark.parametrize(
    ("layer", "is_read"),
    [
        (item("Conv2D", "c", filters=4, kernel_size=[3, 3], padding="same"), True),
        (item("Conv2D", "c", filters=4, kernel_size=[3, 3], strides=[2, 2]), True),
        (item("Conv2D", "c", filters=4, kernel_size=[3, 3], strides=2, padding="same"), False),
        (item("Conv2D", "c", filters=4, kernel_size=[3, 2], padding="same"), False),
        (item("MaxPooling2D", "c", pool_size=[3, 3], padding="same"), False),
        (item("AveragePooling2D", "c", pool_size=3, strides=1, padding="same"), False),
    ],
    ids=lambda value: str(value)[-60:],
)
def test_cntk_is_read_where_its_padding_is_known(
    tmp_path: Path, layer: dict[str, Any], is_read: bool
) -> None:
    arrays = {"c": {"c/kernel": random(3, 3, 2, 4), "c/bias": random(4)}}
    config = sequential(layer, item("GlobalAveragePooling2D", "mean"))
    noted = {"keras_version": "2.1.6", "backend": "cntk"}
    path = old_keras_files.write_h5(tmp_path / "m.h5", config, arrays, noted)
    if is_read:
        convert(path, tmp_path / "m.onnx")
    else:
        with pytest.raises(UnsupportedModelError, match=r"'c'.*computed by CNTK"):
            convert(path, tmp_path / "m.onnx")


def any_window(data: st.DataObject) -> tuple[list[int], list[int], int]:
    side = st.integers(1, 5)
    size, strides = ([data.draw(side), data.draw(side)] for _ in range(2))
    return size, strides, data.draw(st.integers(1, 3)) if strides == [1, 1] else 1


def check_any_window(data: st.DataObject, path: Path) -> None:
    """A convolution, then a pool, both ``same``, of any size."""
    size, strides, dilation = any_window(data)
    pool, steps, _ = any_window(data)
    counts = data.draw(st.booleans())
    images, kernel = random(2, *SIZE), random(*size, 2, 3)
    maps = theano_conv2d(images, kernel, strides=strides, same=True, dilation=dilation)
    before = [max(side - (2 if side % 2 else 1), 0) for side in pool]
    view = windows(padded(maps, *before, value=0 if counts else np.nan), pool, steps)
    wanted = [-(-side // step) for side, step in zip(maps.shape[1:3], steps, strict=True)]
    found = np.nanmean(view, axis=(-2, -1))[:, : wanted[0], : wanted[1]]
    placed = {"strides": strides, "dilation_rate": [dilation] * 2, "padding": "same"}
    config = sequential(
        item("Conv2D", "c", filters=3, kernel_size=size, use_bias=False, **placed),
        item("AveragePooling2D", "p", pool_size=pool, strides=steps, padding="same"),
        item("Flatten", "f"),
    )
    noted = NOTED | {"keras_version": "2.1.4" if counts else "2.1.5"}
    old_keras_files.write_h5(path, config, {"c": {"c/kernel": kernel}}, noted)
    assert np.abs(scores_of(path, images) - found.reshape(2, -1)).max() < 1e-5


@given(st.data())
@thrifty
def test_windows_of_theano_of_any_size(tmp_path: Path, data: st.DataObject) -> None:
    check_any_window(data, tmp_path / "m.h5")


@pytest.mark.longer
@given(st.data())
@settings(thrifty, max_examples=1500)
def test_windows_of_theano_of_any_size_at_length(tmp_path: Path, data: st.DataObject) -> None:
    check_any_window(data, tmp_path / "m.h5")


@pytest.mark.parametrize(
    ("version", "why"), [("2.2.4", "the wrong way round"), ("1.2.2", "cannot load it")]
)
def test_keras_of_today_is_not_asked_what_it_would_read_wrong(
    tmp_path: Path, version: str, why: str
) -> None:
    noted = {"keras_version": version, "backend": "theano"}
    config = sequential(item("Flatten", "flat"), item("Dense", "last", units=3))
    if version == "1.2.2":
        config = sequential(item("Flatten", "flat"), item("Dense", "last", output_dim=3))
    path = old_keras_files.write_h5(tmp_path / "m.h5", config, {}, noted)
    with pytest.raises(UnsupportedModelError, match=f"{version} .theano.*{why}.*Take it away"):
        refuse_misread(path, (), "it")


def test_keras_of_today_is_asked_of_all_other_files(tmp_path: Path) -> None:
    config = sequential(item("Flatten", "flat"), item("Dense", "last", units=3))
    noted = {"keras_version": "2.2.4", "backend": "tensorflow"}
    refuse_misread(old_keras_files.write_h5(tmp_path / "m.h5", config, {}, noted), (), "it")
    (tmp_path / "no.h5").write_bytes(b"nothing")
    refuse_misread(tmp_path / "no.h5", (), "it")

"""Operations between the layers: nodes of Keras 3, TensorFlow functions of Keras 2."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import model_files


def let(value: Any, build: Callable[[Any], Any]) -> Any:
    """A value that is used more than once."""
    return build(value)


Build = Callable[[Any], Any]
SHAPE = (6, 5, 4)


def _ops() -> Any:
    return model_files.keras3().ops


def _layers() -> Any:
    return model_files.keras3().layers


KERAS3: dict[str, Build] = {
    "arithmetic": lambda x: (1.0 - x * 2.0) / (3.0 + x**2.0) + (-x) - 0.5,
    "arithmetic of two maps": lambda x: let(
        _layers().Conv2D(4, 1)(x), lambda y: (x - y) * y / (1.5 + y * y)
    ),
    "a constant per channel": lambda x: (
        _layers().Conv2D(4, 1)(x) * np.array([1.0, 2.0, 3.0, 4.0], dtype=np.float32)
    ),
    "functions of one number": lambda x: (
        _ops().exp(x) + _ops().sqrt(_ops().abs(x)) + _ops().log(_ops().square(x) + 1.0)
    ),
    "more functions of one number": lambda x: (
        _ops().sin(x) * _ops().cos(x) + _ops().floor(x) + _ops().sign(x) + _ops().erf(x)
    ),
    "rsqrt and reciprocal": lambda x: _ops().rsqrt(x * x + 1.0) + _ops().reciprocal(x * x + 2.0),
    "activations": lambda x: _ops().relu(x) + _ops().sigmoid(x) + _ops().gelu(x) + _ops().silu(x),
    "more activations": lambda x: (
        _ops().leaky_relu(x) + _ops().hard_sigmoid(x) + _ops().softplus(x) + _ops().elu(x)
    ),
    "exact gelu": lambda x: _ops().gelu(x, approximate=False),
    "softmax": lambda x: _ops().softmax(x, axis=-1) + _ops().softmax(x, axis=2),
    "clip": lambda x: _ops().clip(x, -0.2, 0.3),
    "maximum and minimum": lambda x: _ops().maximum(x, 0.1) + _ops().minimum(x, 0.2),
    "means": lambda x: _ops().mean(_layers().Conv2D(3, 1)(x), axis=(1, 2)),
    "kept means": lambda x: x - _ops().mean(x, axis=(1, 2), keepdims=True),
    "sum over channels": lambda x: _ops().sum(_layers().Conv2D(3, 1)(x), axis=-1),
    "maximum over rows": lambda x: _ops().max(_layers().Conv2D(3, 1)(x), axis=1),
    "spread": lambda x: _ops().var(x, axis=-1) + _ops().std(x, axis=-1),
    "attention over pixels": lambda x: x * _ops().max(x, axis=-1, keepdims=True),
    "norm": lambda x: _ops().normalize(x, axis=-1),
    "slices": lambda x: _layers().Conv2D(4, 1)(x)[:, 1:-1, ::2, :3],
    "backwards": lambda x: x[:, ::-1, 4:0:-2],
    "one place": lambda x: x[:, 0, :, -1],
    "dots and new axes": lambda x: x[..., 1:3, None],
    "reshape": lambda x: _ops().reshape(_layers().Conv2D(4, 1)(x), (-1, 30, 4)),
    "transpose": lambda x: _ops().transpose(_layers().Conv2D(4, 1)(x), (0, 3, 1, 2)),
    "swapped and moved axes": lambda x: _ops().swapaxes(_ops().moveaxis(x, 3, 1), 1, 2),
    "new axis and away": lambda x: _ops().squeeze(_ops().expand_dims(x, 2), 2),
    "stack": lambda x: _ops().stack([x, x * 2.0], axis=2),
    "concatenate": lambda x: _ops().concatenate([x, _layers().Conv2D(2, 1)(x)], axis=-1),
    "split": lambda x: let(
        _ops().split(_layers().Conv2D(6, 1)(x), 2, axis=-1), lambda parts: parts[0] * parts[1]
    ),
    "split at places": lambda x: _ops().split(x, [1, 3], axis=-1)[1],
    "unstack": lambda x: let(_ops().unstack(x, axis=-1), lambda parts: parts[0] + parts[3]),
    "tile": lambda x: _ops().tile(x, (1, 2, 1, 1)),
    "pad": lambda x: _ops().pad(x, ((0, 0), (1, 2), (0, 1), (0, 0)), constant_values=0.5),
    "pad by reflection": lambda x: _ops().pad(x, ((0, 0), (1, 2), (2, 1), (0, 0)), mode="reflect"),
    "zeros win a maximum of negatives": lambda x: _layers().MaxPooling2D(2)(
        _ops().pad(_layers().Conv2D(4, 1)(x) * 0.1 - 3.0, ((0, 0), (1, 1), (1, 1), (0, 0)))
    ),
    "zeros as wide as the window of an average": lambda x: _layers().AveragePooling2D(2)(
        _ops().pad(_layers().Conv2D(4, 1)(x), ((0, 0), (2, 2), (2, 2), (0, 0)))
    ),
    "flip": lambda x: _ops().flip(x, axis=2),
    "product of matrices": lambda x: let(
        _layers().Reshape((30, 4))(x), lambda s: _ops().matmul(s, _ops().transpose(s, (0, 2, 1)))
    ),
    "einsum": lambda x: let(
        _layers().Reshape((30, 4))(x), lambda s: _ops().einsum("bij,bkj->bik", s, s)
    ),
    "where": lambda x: _ops().where(x > 0.1, x * 3.0, 0.5),
    "comparison as a mask": lambda x: x * _ops().cast(x >= 0.1, "float32"),
    "embedding of places": lambda x: _layers().Embedding(4, 5)(
        _ops().argmax(_layers().Reshape((30, 4))(x), axis=-1)
    ),
    "pooling": lambda x: _ops().max_pool(x, 2, 2, "same") + _ops().average_pool(x, 2, 2, "same"),
    "preparation for Keras' first networks": lambda x: (
        model_files.keras3().applications.vgg16.preprocess_input(x[:, :, :, :3])
    ),
    "preparation for MobileNet": lambda x: (
        model_files.keras3().applications.mobilenet_v2.preprocess_input(x[:, :, :, :3])
    ),
    "resize": lambda x: _ops().image.resize(x, (9, 7)),
}


@pytest.mark.parametrize("name", KERAS3)
def test_an_operation_of_keras_3_gives_its_numbers(name: str, tmp_path: Path) -> None:
    keras = model_files.keras3()
    image = keras.Input(SHAPE)
    out = keras.layers.Flatten()(KERAS3[name](image))
    model = model_files.randomize(keras.Model(image, out))
    images = model_files.pictures(model, high=2.0) - 1
    for suffix in ("keras", "h5"):
        path = model_files.save(model, tmp_path / f"m.{suffix}")
        assert model_files.difference(model, path, images) < model_files.TOLERANCE


def _tf() -> Any:
    import tensorflow

    return tensorflow


def _layers2() -> Any:
    return model_files.keras2().layers


KERAS2: dict[str, Build] = {
    "arithmetic": lambda x: (1.0 - x * 2.0) / (3.0 + x * x) + (-x) - 0.5,
    "powers": lambda x: x**2.0 + _tf().pow(_tf().abs(x) + 1.0, 1.5),
    "arithmetic of two maps": lambda x: let(
        _layers2().Conv2D(4, 1)(x), lambda y: (x - y) * y / (1.5 + y * y)
    ),
    "a constant per channel": lambda x: x * _tf().constant([1.0, 2.0, 3.0, 4.0]) - [[1.0]],
    "functions of one number": lambda x: (
        _tf().exp(x) + _tf().sqrt(_tf().abs(x)) + _tf().math.log(_tf().square(x) + 1.0)
    ),
    "rsqrt and rounding": lambda x: _tf().math.rsqrt(x * x + 1.0) + _tf().round(x * 3.0),
    "activations": lambda x: (
        _tf().nn.relu(x) + _tf().sigmoid(x) + _tf().nn.gelu(x) + _tf().nn.silu(x) + _tf().tanh(x)
    ),
    "more activations": lambda x: (
        _tf().nn.relu6(x * 9.0) + _tf().nn.leaky_relu(x, alpha=0.1) + _tf().nn.softplus(x)
    ),
    "approximate gelu": lambda x: _tf().nn.gelu(x, approximate=True),
    "hard swish, written out": lambda x: x * _tf().nn.relu6(x + 3.0) / 6.0,
    "softmax": lambda x: _tf().nn.softmax(x) + _tf().nn.softmax(x, axis=2),
    "clip": lambda x: _tf().clip_by_value(x, -0.2, 0.3),
    "maximum": lambda x: _tf().maximum(x, 0.1) + _tf().minimum(0.2, x),
    "means": lambda x: _tf().reduce_mean(_layers2().Conv2D(3, 1)(x), axis=[1, 2]),
    "kept means": lambda x: x - _tf().reduce_mean(x, [1, 2], keepdims=True),
    "spatial attention": lambda x: _tf().concat(
        [_tf().reduce_max(x, axis=-1, keepdims=True), _tf().reduce_sum(x, -1, keepdims=True)], -1
    ),
    "spread": lambda x: _tf().math.reduce_variance(x, -1) + _tf().math.reduce_std(x, -1),
    "norm": lambda x: _tf().math.l2_normalize(x, axis=-1) + _tf().norm(x, axis=-1, keepdims=True),
    "slices": lambda x: _layers2().Conv2D(4, 1)(x)[:, 1:-1, ::2, :3],
    "one place": lambda x: x[:, 0, :, -1],
    "new axes": lambda x: x[:, :, :, 1:3, _tf().newaxis],
    "reshape": lambda x: _tf().reshape(_layers2().Conv2D(4, 1)(x), (-1, 30, 4)),
    "transpose": lambda x: _tf().transpose(x, [0, 3, 1, 2]),
    "new axis and away": lambda x: _tf().squeeze(_tf().expand_dims(x, 2), axis=2),
    "stack": lambda x: _tf().stack([x, x * 2.0], axis=2),
    "concat": lambda x: _tf().concat([x, _layers2().Conv2D(2, 1)(x)], axis=3),
    "split": lambda x: let(_tf().split(x, 2, axis=-1), lambda parts: parts[0] * parts[1]),
    "split in sizes": lambda x: _tf().split(x, [1, 3], axis=3)[1],
    "unstack": lambda x: let(_tf().unstack(x, axis=3), lambda parts: parts[0] + parts[3]),
    "tile": lambda x: _tf().tile(x, [1, 2, 1, 1]),
    "pad": lambda x: _tf().pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]]),
    "pad by reflection": lambda x: _tf().pad(x, [[0, 0], [1, 2], [2, 1], [0, 0]], mode="REFLECT"),
    "product of matrices": lambda x: let(
        _layers2().Reshape((30, 4))(x), lambda s: _tf().matmul(s, s, transpose_b=True)
    ),
    "where": lambda x: _tf().where(x > 0.1, x * 3.0, 0.5),
    "cast": lambda x: x * _tf().cast(x >= 0.1, _tf().float32),
    "add of several": lambda x: _tf().add_n([x, x, x]),
    "preparation for Keras' first networks": lambda x: (
        model_files.keras2().applications.vgg16.preprocess_input(x[:, :, :, :3])
    ),
    "preparation for MobileNet": lambda x: (
        model_files.keras2().applications.mobilenet_v2.preprocess_input(x[:, :, :, :3])
    ),
    "preparation in PyTorch's way": lambda x: (
        model_files.keras2().applications.densenet.preprocess_input(x[:, :, :, :3])
    ),
    "resize": lambda x: _tf().image.resize(x, (9, 7)),
    "resize, nearest": lambda x: _tf().image.resize(x, (9, 7), method="nearest"),
    "batch size by shape": lambda x: _tf().reshape(x, (_tf().shape(x)[0], 30, 4)),
    "one row for all": lambda x: _tf().broadcast_to(
        _tf().reduce_mean(x, 1, keepdims=True), [_tf().shape(x)[0], 6, 5, 4]
    ),
    "depth to space": lambda x: _tf().nn.depth_to_space(_layers2().Conv2D(8, 1)(x), 2),
    "space to depth": lambda x: _tf().nn.space_to_depth(x[:, :, 1:], 2),
    "pooling functions": lambda x: (
        _tf().nn.avg_pool2d(x, 2, 2, "SAME") + _tf().nn.max_pool2d(x, 2, 2, "SAME")
    ),
}


# Keras 2 cannot write x[..., ::-1] there.
NOT_IN_KERAS_FILES = {"preparation for Keras' first networks"}


@pytest.mark.parametrize("name", KERAS2)
def test_a_tensorflow_function_in_a_keras_2_file_gives_its_numbers(
    name: str, tmp_path: Path
) -> None:
    keras = model_files.keras2()
    image = keras.Input(SHAPE)
    out = keras.layers.Flatten()(KERAS2[name](image))
    model = model_files.randomize(keras.Model(image, out))
    images = model_files.pictures(model, high=2.0) - 1
    for suffix in ("h5",) if name in NOT_IN_KERAS_FILES else ("keras", "h5"):
        path = model_files.save(model, tmp_path / f"m.{suffix}")
        assert model_files.difference(model, path, images) < model_files.TOLERANCE


def test_a_graph_node_of_tensorflow_2_3_means_its_function(tmp_path: Path) -> None:
    keras, tf = model_files.keras2(), _tf()
    image = keras.Input(SHAPE)
    x = tf.nn.relu6(1.5 - image * 2.0)
    x = tf.reduce_mean(x, axis=[1], keepdims=True) + tf.concat([x[:, :, :, :], x], 1)
    model = keras.Model(image, keras.layers.Flatten()(x))
    path = model_files.save(model, tmp_path / "m.h5")
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        for layer in config["config"]["layers"]:
            if layer["class_name"] == "TFOpLambda":
                _age(layer)
        file.attrs["model_config"] = json.dumps(config)
    images = model_files.pictures(model, high=2.0) - 1
    assert model_files.difference(model, path, images) < model_files.TOLERANCE


def _age(layer: Any) -> None:
    """A TFOpLambda as TensorFlow 2.3 would have written it."""
    node = layer["inbound_nodes"][0]
    inputs = [node] if isinstance(node[0], str) else node
    kwargs = dict(inputs[0][3])
    constants = [item[2] for item in inputs if item[0] == "_CONSTANT_VALUE"]
    tensors = [[*item[:3], {}] for item in inputs if item[0] != "_CONSTANT_VALUE"]
    second = kwargs.get("y", kwargs.get("axis"))
    if isinstance(second, list) and isinstance(second[0], str):
        tensors.append([*second, {}])
    elif second is not None:
        constants.append(second)
    place = 0 if inputs[0][0] == "_CONSTANT_VALUE" else len(tensors)
    ops = {
        "math.multiply": "Mul",
        "math.subtract": "Sub",
        "nn.relu6": "Relu6",
        "math.reduce_mean": "Mean",
        "concat": "ConcatV2",
        "__operators__.add": "AddV2",
    }
    attributes = {"keep_dims": {"b": True}} if kwargs.get("keepdims") else {}
    layer["class_name"] = "TensorFlowOpLayer"
    layer["config"] = {
        "name": layer["name"],
        "node_def": {"op": ops[layer["config"]["function"]], "attr": attributes},
        "constants": {str(place): value for value in constants},
    }
    layer["inbound_nodes"] = [tensors]

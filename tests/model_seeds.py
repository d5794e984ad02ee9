"""A small file of each kind that Keras and its kin write, made without them: what is mutated."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

import tfjs_files

Arrays = Mapping[str, Mapping[str, NDArray[np.float32]]]  # by layer, by the name in the file
Layer = dict[str, Any]

_SIDE, _UNITS, _CLASSES = 8, 3, 2
_FLAT = 3 * 3 * 2


@dataclass(frozen=True)
class Seed:
    """The ``files`` of one model by name, layers first; the last of ``changed`` are mutated."""

    files: Mapping[str, bytes]
    changed: str

    @property
    def names(self) -> list[str]:
        return list(self.files)


def _random(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(0, 0.5, shape).astype(np.float32)


def _layer(class_name: str, name: str, **config: Any) -> Layer:
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **config}}


def _sequential(layers: Sequence[Layer], **more: Any) -> dict[str, Any]:
    document = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    return {**document, "keras_version": "2.4.0", "backend": "tensorflow", **more}


_INPUT = {"batch_input_shape": [None, _SIDE, _SIDE, 1], "dtype": "float32"}
_CNN = [
    _layer(
        "Conv2D", "conv2d_1", **_INPUT, filters=2, kernel_size=[3, 3], strides=[1, 1],
        padding="valid", data_format="channels_last", activation="relu", use_bias=True,
    ),
    _layer("BatchNormalization", "bn_1", axis=[3], epsilon=0.001, center=True, scale=True),
    _layer("MaxPooling2D", "pool_1", pool_size=[2, 2], strides=[2, 2], padding="valid"),
    _layer("Flatten", "flatten_1", data_format="channels_last"),
    _layer("Dense", "dense_1", units=_CLASSES, activation="softmax", use_bias=True),
]  # fmt: skip
_CNN_ARRAYS: Arrays = {
    "conv2d_1": {"conv2d_1/kernel:0": _random(3, 3, 1, 2), "conv2d_1/bias:0": _random(2)},
    "bn_1": {
        f"bn_1/{name}:0": abs(_random(2)) + 0.1
        for name in ("gamma", "beta", "moving_mean", "moving_variance")
    },
    "pool_1": {},
    "flatten_1": {},
    "dense_1": {"dense_1/kernel:0": _random(_FLAT, 2), "dense_1/bias:0": _random(2)},
}
_RECURRENT = [
    _layer("InputLayer", "in", **_INPUT),
    _layer("Reshape", "rows", target_shape=[_SIDE, _SIDE]),
    _layer(
        "LSTM", "lstm", units=_UNITS, activation="tanh", recurrent_activation="sigmoid",
        use_bias=True, return_sequences=True,
    ),
    _layer(
        "Bidirectional", "both", merge_mode="concat",
        layer=_layer(
            "GRU", "gru", units=_UNITS, activation="tanh", recurrent_activation="sigmoid",
            use_bias=True, reset_after=True, return_sequences=False, go_backwards=False,
        ),
    ),
    _layer("Dense", "score", units=_CLASSES, activation="softmax", use_bias=True),
]  # fmt: skip


def _gates(inputs: int, gates: int, biases: int) -> dict[str, NDArray[np.float32]]:
    width = gates * _UNITS
    bias = _random(2, width) if biases == 2 else _random(width)
    return {"kernel": _random(inputs, width), "recurrent": _random(_UNITS, width), "bias": bias}


_LSTM, _GRU = _gates(_SIDE, 4, 1), _gates(_UNITS, 3, 2)
_KERAS2_NAMES = {"kernel": "kernel:0", "recurrent": "recurrent_kernel:0", "bias": "bias:0"}
_RECURRENT_ARRAYS: Arrays = {
    "in": {},
    "rows": {},
    "lstm": {f"lstm/lstm_cell/{_KERAS2_NAMES[name]}": array for name, array in _LSTM.items()},
    "both": {
        f"both/{way}_gru/gru_cell/{_KERAS2_NAMES[name]}": array
        for way in ("forward", "backward")
        for name, array in _GRU.items()
    },
    "score": {"score/kernel:0": _random(2 * _UNITS, 2), "score/bias:0": _random(2)},
}
_KERAS1 = [
    _layer(
        "Convolution2D", "convolution2d_1", batch_input_shape=[None, 1, _SIDE, _SIDE],
        input_dtype="float32", nb_filter=2, nb_row=3, nb_col=3, border_mode="valid",
        subsample=[1, 1], dim_ordering="th", bias=True, activation="relu", init="uniform",
    ),
    _layer(
        "MaxPooling2D", "maxpooling2d_1", pool_size=[2, 2], strides=[2, 2], border_mode="valid",
        dim_ordering="th",
    ),
    _layer("Dropout", "dropout_1", p=0.5),
    _layer("Flatten", "flatten_1"),
    _layer("Dense", "dense_1", output_dim=_CLASSES, activation="softmax", bias=True),
]  # fmt: skip
_KERAS1_ARRAYS: Arrays = {
    "convolution2d_1": {
        "convolution2d_1_W": _random(2, 1, 3, 3),
        "convolution2d_1_b": _random(2),
    },
    "maxpooling2d_1": {},
    "dropout_1": {},
    "flatten_1": {},
    "dense_1": {"dense_1_W": _random(_FLAT, 2), "dense_1_b": _random(2)},
}
_CELLS = {
    "lstm/cell": list(_LSTM.values()),
    "both/forward_layer/cell": list(_GRU.values()),
    "both/backward_layer/cell": list(_GRU.values()),
    "score": [_random(2 * _UNITS, 2), _random(2)],
}
_HEADS = ("colour", "shape", "age")


def _heads() -> dict[str, Any]:
    def called(layer: Layer, before: str | None) -> Layer:
        nodes = [[[before, 0, 0, {}]]] if before else []
        return {**layer, "name": layer["config"]["name"], "inbound_nodes": nodes}

    layers = [
        called(_layer("InputLayer", "in", **_INPUT), None),
        called(_layer("Flatten", "flat", data_format="channels_last"), "in"),
        *(
            called(_layer("Dense", head, units=units, activation=activation), "flat")
            for head, units, activation in zip(
                _HEADS, (3, 2, 1), ("softmax", "softmax", "linear"), strict=True
            )
        ),
    ]
    config = {
        "name": "m",
        "layers": layers,
        "input_layers": [["in", 0, 0]],
        "output_layers": [[head, 0, 0] for head in _HEADS],
    }
    return {**_sequential([]), "class_name": "Functional", "config": config}


_HEAD_ARRAYS: Arrays = {
    head: {f"{head}/kernel:0": _random(_SIDE**2, units), f"{head}/bias:0": _random(units)}
    for head, units in zip(_HEADS, (3, 2, 1), strict=True)
}


def _h5(arrays: Arrays, document: dict[str, Any] | None = None, version: str = "2.4.0") -> bytes:
    """Weights; with a ``document`` a whole model."""
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        place = file.create_group("model_weights") if document else file
        if document:
            file.attrs["model_config"] = json.dumps(document).encode()
            file.attrs["keras_version"] = version.encode()
        place.attrs["layer_names"] = [name.encode() for name in arrays]
        for layer, weights in arrays.items():
            group = place.create_group(layer)
            group.attrs["weight_names"] = [name.encode() for name in weights]
            for name, values in weights.items():
                group[name] = values
    return held.getvalue()


def _keras3(cells: Mapping[str, Sequence[NDArray[np.float32]]]) -> bytes:
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        for place, arrays in cells.items():
            for index, values in enumerate(arrays):
                file[f"layers/{place}/vars/{index}"] = values
    return held.getvalue()


def _archive(document: dict[str, Any], weights: bytes) -> bytes:
    members = {
        "metadata.json": json.dumps({"keras_version": "3.9.0"}).encode(),
        "config.json": json.dumps(document).encode(),
        "model.weights.h5": weights,
    }
    return zipped(members)


def zipped(members: Mapping[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return held.getvalue()


def _yaml(document: Any, indent: int = 0) -> str:
    """As PyYAML writes what Keras gave it: tuples and, of TensorFlow, lists by their own tags."""
    space = " " * indent
    if isinstance(document, dict):
        lines = []
        for key, value in document.items():
            is_deep = isinstance(value, dict | list) and key != "kernel_size"
            if key == "axis":
                tag = "tensorflow.python.training.tracking.data_structures.ListWrapper"
                lines.append(f"{space}axis: !!python/object/apply:{tag}\n{space}- - 3")
            elif key == "kernel_size":
                lines.append(f"{space}{key}: &id001 !!python/tuple [3, 3]")
            elif is_deep and value and key not in ("strides", "pool_size", "batch_input_shape"):
                lines.append(f"{space}{key}:\n{_yaml(value, indent + 2)}")
            else:
                tag = "!!python/tuple " if isinstance(value, list) else ""
                lines.append(f"{space}{key}: {tag}{json.dumps(value)}")
        return "\n".join(lines)
    items = (_yaml(item, indent + 2) for item in document)
    return "\n".join(f"{space}- {item.strip()}" for item in items)


def _tfjs(changed: str, folder: Path) -> Seed:
    path = tfjs_files.as_tfjs(folder)
    names = [path.name, *sorted(p.name for p in folder.iterdir() if p != path)]
    return Seed({name: (folder / name).read_bytes() for name in names}, changed)


_PAIR = {"model.json": json.dumps(_sequential(_CNN)).encode(), "model.h5": _h5(_CNN_ARRAYS)}
_NO_WEIGHTS_OF = {name: arrays for name, arrays in _CNN_ARRAYS.items() if arrays}
_KERAS3_PAIR = {
    "model.json": _PAIR["model.json"],
    "model.weights.h5": _keras3({name: list(w.values()) for name, w in _NO_WEIGHTS_OF.items()}),
}
_YAML = {"model.yaml": _yaml(_sequential(_CNN)).encode(), "model.h5": _PAIR["model.h5"]}
_OLD = {"class_name": "Sequential", "config": _KERAS1, "keras_version": "1.2.2"}
_HEADS_IN_KERAS3 = {name: list(arrays.values()) for name, arrays in _HEAD_ARRAYS.items()}


def _one(name: str, content: bytes) -> Callable[[Path], Seed]:
    return lambda _: Seed({name: content}, name)


def _of(files: Mapping[str, bytes], changed: str) -> Callable[[Path], Seed]:
    return lambda _: Seed(files, changed)


_THEANO = _sequential(_CNN, backend="theano")

KINDS: dict[str, Callable[[Path], Seed]] = {
    "JSON beside weights": _of(_PAIR, "model.json"),
    "weights beside JSON": _of(_PAIR, "model.h5"),
    "weights of Keras 3 beside JSON": _of(_KERAS3_PAIR, "model.weights.h5"),
    "YAML beside weights": _of(_YAML, "model.yaml"),
    "layers of TensorFlow.js": partial(_tfjs, "model.json"),
    "a shard of TensorFlow.js": partial(_tfjs, "weights.bin"),
    "Keras 1": _one("old.h5", _h5(_KERAS1_ARRAYS, _OLD, "1.2.2")),
    "Theano": _of({**_PAIR, "model.json": json.dumps(_THEANO).encode()}, "model.json"),
    "recurrent .h5": _one("r.h5", _h5(_RECURRENT_ARRAYS, _sequential(_RECURRENT))),
    "recurrent .keras": _one("r.keras", _archive(_sequential(_RECURRENT), _keras3(_CELLS))),
    "several outputs": _one("m.h5", _h5(_HEAD_ARRAYS, _heads())),
    "several outputs .keras": _one("m.keras", _archive(_heads(), _keras3(_HEADS_IN_KERAS3))),
}

"""Models in two files, layers and weights, as Keras writes them; and their scores, in NumPy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from builders import layer

Floats = NDArray[np.float32]
NAMES = ("dense_1", "dense_2")  # of two layers of one shape: exchanged, they give other scores
SIDE = 8


def config(names: Sequence[str] = NAMES, units: int = 2) -> dict[str, Any]:
    """What ``to_json`` says: the mean of grey pictures, then two dense layers."""
    layers = [
        layer("InputLayer", "pixels", batch_shape=[None, SIDE, SIDE, 1]),
        layer("Flatten", "flatten"),
        layer("Dense", "squeeze", units=2, activation="tanh", use_bias=True),
        layer("Dense", names[0], units=2, activation="tanh", use_bias=True),
        layer("Dense", names[1], units=units, activation="softmax", use_bias=True),
    ]
    return {
        "class_name": "Sequential",
        "config": {"name": "pair", "layers": layers},
        "keras_version": "2.15.0",
        "backend": "tensorflow",
    }


def arrays(seed: int = 0) -> list[tuple[Floats, Floats]]:
    """Kernel and bias of the three dense layers."""
    draw = np.random.default_rng(seed).normal
    shapes = ((SIDE * SIDE, 2), (2, 2), (2, 2))
    return [
        (draw(0, 1 if of == 2 else 0.1, (of, to)).astype("f4"), draw(0, 1, to).astype("f4"))
        for of, to in shapes
    ]


def write_layers(path: Path, document: Any = None) -> Path:
    path.write_text(json.dumps(config() if document is None else document))
    return path


def write_legacy(
    path: Path, names: Sequence[str] = NAMES, *, is_whole: bool = False, seed: int = 0
) -> Path:
    """As ``save_weights('x.h5')`` of Keras 1 and 2; the ``whole`` model as ``save('x.h5')``."""
    with h5py.File(path, "w") as file:
        if is_whole:
            file.attrs["model_config"] = json.dumps(config(names))
        group = file.create_group("model_weights") if is_whole else file
        group.attrs["layer_names"] = [b"flatten", b"squeeze", *(name.encode() for name in names)]
        group.attrs["backend"], group.attrs["keras_version"] = b"tensorflow", b"2.4.0"
        group.create_group("flatten").attrs["weight_names"] = []
        for name, (kernel, bias) in zip(("squeeze", *names), arrays(seed), strict=False):
            place = group.create_group(name)
            of = [f"{name}/kernel:0", f"{name}/bias:0"]
            place.attrs["weight_names"] = [each.encode() for each in of]
            place[of[0]], place[of[1]] = kernel, bias
    return path


def write_keras3(path: Path, names: Sequence[str] = NAMES, seed: int = 0) -> Path:
    """As ``save_weights('x.weights.h5')`` of Keras 3, which notes each layer's own name."""
    with h5py.File(path, "w") as file:
        for number, (kernel, bias) in enumerate(arrays(seed)):
            name = f"dense_{number}" if number else "dense"
            group = file.create_group(f"layers/{name}/vars")
            group.attrs["name"] = ("squeeze", *names)[number]
            group["0"], group["1"] = kernel, bias
    return path


def write_pair(folder: Path, stem: str = "model") -> Path:
    """``model.json`` beside ``model.weights.h5``; give the first."""
    folder.mkdir(parents=True, exist_ok=True)
    write_legacy(folder / f"{stem}.weights.h5")
    return write_layers(folder / f"{stem}.json")


def pictures(count: int = 3) -> Floats:
    return np.random.default_rng(1).uniform(0, 1, (count, SIDE, SIDE, 1)).astype("f4")


def scores(images: Floats, seed: int = 0) -> Floats:
    x = images.reshape(len(images), -1)
    (squeeze, first, last) = arrays(seed)
    x = np.tanh(x @ squeeze[0] + squeeze[1])
    x = np.tanh(x @ first[0] + first[1])
    powers = np.exp(x @ last[0] + last[1])
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)

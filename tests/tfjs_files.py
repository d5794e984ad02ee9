"""TensorFlow.js layers models for tests, written as its own tools write them.

``as_tfjs`` is what ``model.save`` of tfjs writes: the layers as they are, one file of weights.
``as_converter`` is what ``tensorflowjs_converter`` writes of a Keras file: the layers in
``model_config``, the weights in shards, quantized where that was asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Document = dict[str, Any]

SHARD_BYTES = 4 << 20
# Of a model of 2 x 2 grey pictures, without Keras: what attacks are made of.
TOPOLOGY: Document = {
    "class_name": "Sequential",
    "config": {
        "name": "sequential_1",
        "layers": [
            {
                "class_name": "Flatten",
                "config": {"name": "flat", "batch_input_shape": [None, 2, 2, 1]},
            },
            {
                "class_name": "Dense",
                "config": {"name": "dense_Dense1", "units": 2, "activation": "softmax"},
            },
        ],
    },
    "keras_version": "tfjs-layers 4.22.0",
    "backend": "tensor_flow.js",
}
KERNEL = np.array([[1, -1], [0, 0.5], [-2, 1], [0.25, 0]], np.float32)
BIAS = np.array([0.1, -0.1], np.float32)
SMALL = {"dense_Dense1/kernel": KERNEL, "dense_Dense1/bias": BIAS}


def as_tfjs(
    folder: Path, weights: Mapping[str, Array] | None = None, topology: Document | None = None
) -> Path:
    """Write a model as tfjs itself does, and give the path of its ``model.json``."""
    weights = SMALL if weights is None else weights
    specs = [entry(name, array.shape, _dtype_of(array)) for name, array in weights.items()]
    manifest = [{"paths": ["./weights.bin"], "weights": specs}]
    (folder / "weights.bin").write_bytes(b"".join(map(_bytes, weights.values())))
    return write(folder, manifest, topology or TOPOLOGY)


def as_converter(
    folder: Path,
    weights: Sequence[Mapping[str, Array]],
    topology: Document,
    quantized: str = "",
    shard_bytes: int = SHARD_BYTES,
) -> Path:
    """Write a model as the converter does; each of ``weights`` is a group with its own shards."""
    manifest = []
    for number, group in enumerate(weights, start=1):
        stored = {name: quantize(array, quantized) for name, array in group.items()}
        content = b"".join(_bytes(array) for array, _ in stored.values())
        parts = [content[at : at + shard_bytes] for at in range(0, len(content), shard_bytes)]
        paths = [f"group{number}-shard{n}of{len(parts)}.bin" for n in range(1, len(parts) + 1)]
        for path, part in zip(paths, parts, strict=True):
            (folder / path).write_bytes(part)
        specs = [
            entry(name, array.shape, _dtype_of(group[name]), **note)
            for name, (array, note) in stored.items()
        ]
        manifest.append({"paths": paths, "weights": specs})
    version, backend = topology.get("keras_version", "3.15.0"), topology.get("backend", "")
    layers = {key: topology[key] for key in ("class_name", "config")}
    wrapped = {"keras_version": version, "backend": backend, "model_config": layers}
    return write(folder, manifest, wrapped)


def write(folder: Path, manifest: object, topology: object = None, **fields: object) -> Path:
    path = folder / "model.json"
    document = {
        "format": "layers-model",
        "generatedBy": "TensorFlow.js tfjs-layers v4.22.0",
        "convertedBy": None,
        "modelTopology": TOPOLOGY if topology is None else topology,
        "weightsManifest": manifest,
    }
    path.write_text(json.dumps(document | fields))
    return path


def entry(name: object, shape: object, dtype: object = "float32", **more: object) -> Document:
    return {"name": name, "shape": shape, "dtype": dtype, **more}


def quantize(array: Array, dtype: str) -> tuple[Array, Document]:
    """Whole numbers with their ``scale`` and ``min``, of which one stands for 0 exactly."""
    if not dtype or array.dtype != np.float32:
        return array, {}
    note: Document = {"dtype": dtype, "original_dtype": "float32"}
    if dtype == "float16":
        return array.astype(np.float16), {"quantization": note}
    least, most = float(array.min()), float(array.max())
    scale = (most - least) / np.iinfo(dtype).max or 1.0
    if least <= 0 <= most:
        least = -np.round(-least / scale) * scale
    note |= {"min": least, "scale": scale}
    return np.round((array - least) / scale).astype(dtype), {"quantization": note}


def restored(array: Array, dtype: str) -> Array:
    """The numbers that an array stands for once it has been quantized."""
    stored, note = quantize(array, dtype)
    if "scale" not in note.get("quantization", {}):
        return stored.astype(np.float32)
    meaning = note["quantization"]
    return np.asarray(stored * meaning["scale"] + meaning["min"], np.float32)


def topology_of(model: Any) -> Document:
    return dict(json.loads(model.to_json()))


def weights_of(model: Any) -> dict[str, Array]:
    """The arrays of a Keras model under the names that its ``.h5`` gives them."""
    return {_name(variable): np.asarray(variable) for variable in model.weights}


def _name(variable: Any) -> str:
    return str(getattr(variable, "path", variable.name)).removesuffix(":0")


def _dtype_of(array: Array) -> str:
    return "int32" if array.dtype.kind in "iu" else str(array.dtype)


def _bytes(array: Array) -> bytes:
    return (array.astype("<i4") if array.dtype.kind == "i" else array).tobytes()

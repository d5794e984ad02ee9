"""The ``weightsManifest`` of TensorFlow.js: which bytes of which files are which array.

A manifest is a list of groups. The files of a group (``paths``, "shards") hold the bytes of its
``weights`` one after the other, without gaps (``decodeWeights`` in tfjs-core, ``io_utils.ts``;
``write_weights.py`` of the converter). Quantized arrays are whole numbers: ``v * scale + min``.

The attacks that are refused here: shards outside the model's folder, one shard many times, shapes
that declare other than what the shards hold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import HostileModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.keras_import.shards import Shards
from vistazo.models.keras_import.weight import Weight

MAX_ARRAYS = 50_000  # EfficientNetB7 has 1040
_MAX_NUMBERS = 1 << 48
_MAX_NAME_LENGTH = 120
_TOPOLOGY, _MANIFEST = "modelTopology", "weightsManifest"
_OPTIMIZER = "optimizer"
_DTYPES: Mapping[str, np.dtype[Any]] = {
    "float32": np.dtype("<f4"),
    "float16": np.dtype("<f2"),
    "int32": np.dtype("<i4"),
    "uint16": np.dtype("<u2"),
    "uint8": np.dtype("u1"),
    "bool": np.dtype("u1"),
}
_QUANTIZED = {name: _DTYPES[name] for name in ("uint8", "uint16", "float16")}
_SHOWN = 5


def is_tfjs(document: Mapping[str, object]) -> bool:
    """Whether a JSON document is the ``model.json`` of TensorFlow.js, of whichever kind."""
    return _TOPOLOGY in document or _MANIFEST in document


def topology_of(document: Mapping[str, object]) -> Mapping[str, object]:
    """The part that describes the layers, with ``keras_version`` and ``backend``.

    Raises UnsupportedModelError where there are no layers in the file.
    """
    topology = document.get(_TOPOLOGY)
    is_graph = isinstance(topology, dict) and "node" in topology
    if is_graph or document.get("format") == "graph-model":
        raise UnsupportedModelError(
            "The file is a TensorFlow.js graph model, which holds single operations and no layers. "
            "Export the Keras model that it was made of, or convert it where TensorFlow and "
            "NumPy 1 are: python -m tf2onnx.convert --tfjs model.json --output model.onnx"
        )
    if topology is None:
        raise UnsupportedModelError(
            "The file is a TensorFlow.js export of weights only, without the model's layers. "
            "Export the whole model: await model.save('downloads://model')"
        )
    if not isinstance(topology, dict):
        raise UnreadableModelError(f"The '{_TOPOLOGY}' of the file does not describe a model.")
    return topology


def shard_names(document: Mapping[str, object], model: str) -> tuple[str, ...]:
    """The names of the files of the weights, in their order, which lie beside the file ``model``.

    No path leads elsewhere. Raises HostileModelError, UnreadableModelError, UnsupportedModelError.
    """
    topology_of(document)
    paths = [path for group in _groups(document) for path in _listed(group, "paths")]
    names = tuple(map(_plain_name, paths))
    if not names:
        raise _without_weights()
    if len({*names, model}) != len(names) + 1:
        raise HostileModelError("The model names a file of weights twice, or itself.")
    return names


def tfjs_shards(document: Mapping[str, object], model: Path) -> tuple[Path, ...]:
    """The files of the weights, in their order, each of which is there beside ``model``.

    A link does not lead elsewhere; but all may be links into one other folder, as caches make
    them. Raises HostileModelError, UnreadableModelError, UnsupportedModelError.
    """
    files = tuple(model.with_name(name) for name in shard_names(document, model.name))
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise UnreadableModelError(
            f"{model.name} is one of {len(files) + 1} files, but {_some(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not beside it. Copy all of them there, under "
            "these names."
        )
    homes = {model.parent.resolve(), model.resolve().parent}
    for file in files:
        if file.resolve().parent not in homes:
            raise HostileModelError(
                f"'{file.name}' is a link that leads out of the model's folder. Copy it there."
            )
    return files


def read_manifest(document: Mapping[str, object], shards: Sequence[Path]) -> dict[str, Weight]:
    """The arrays by name, those of an optimizer left out.

    ``shards`` are the files of the weights in the manifest's order. Nothing of them is read or
    allocated yet, but that they hold exactly what is declared. Raises HostileModelError,
    UnreadableModelError, UnsupportedModelError.
    """
    groups = _groups(document)
    counts = [len(_listed(group, "paths")) for group in groups]
    if sum(counts) != len(shards):
        raise UnreadableModelError(
            f"The model names {sum(counts)} files of weights, but {len(shards)} are given."
        )
    if len({path.resolve() for path in shards}) != len(shards):
        raise HostileModelError("The model names a file of weights twice.")
    weights: dict[str, Weight] = {}
    for group, count in zip(groups, counts, strict=True):
        weights |= _read_group(group, Shards.of(shards[:count]), weights)
        shards = shards[count:]
    return weights


@dataclass(frozen=True)
class _Entry:
    """An array as a manifest declares it. ``table`` is what quantized numbers stand for."""

    name: str
    shape: tuple[int, ...]
    stored: np.dtype[Any]
    table: tuple[float, float] | None
    is_whole: bool
    is_of_the_model: bool

    @property
    def size_bytes(self) -> int:
        return math.prod(self.shape) * self.stored.itemsize


def _read_group(
    group: Mapping[str, object], shards: Shards, known: Mapping[str, Weight]
) -> dict[str, Weight]:
    listed = _listed(group, "weights")
    if len(listed) + len(known) > MAX_ARRAYS:
        raise HostileModelError(f"The model lists more than {MAX_ARRAYS} arrays.")
    weights: dict[str, Weight] = {}
    start = 0
    for entry in map(_entry, listed):
        if entry.is_of_the_model:
            if entry.name in known or entry.name in weights:
                raise UnreadableModelError(
                    f"The model has two arrays called '{entry.name}', so that nobody can tell "
                    "which belongs where. Give its layers different names and export it again."
                )
            load = partial(_load, shards, start, entry)
            weights[entry.name] = Weight(entry.name, entry.shape, load, entry.is_whole)
        start += entry.size_bytes
    if start != shards.size_bytes:
        raise UnreadableModelError(
            f"{shards} should be {start:,} bytes long, by what the model says, but is "
            f"{shards.size_bytes:,}. It was not copied whole, or belongs to another model."
        )
    return weights


def _load(shards: Shards, start: int, entry: _Entry) -> NDArray[Any]:
    numbers = np.frombuffer(shards.read(start, entry.size_bytes), entry.stored)
    if entry.table is not None:
        scale, least = entry.table
        meant = np.arange(1 << 8 * entry.stored.itemsize) * scale + least
        numbers = meant.astype(np.float32)[numbers]
    return numbers.reshape(entry.shape)


def _entry(item: Mapping[str, object]) -> _Entry:
    name, dtype = item.get("name"), item.get("dtype")
    if not isinstance(name, str) or not name:
        raise UnreadableModelError("The model lists an array without a name. It is damaged.")
    stored = _DTYPES.get(dtype) if isinstance(dtype, str) else None
    if stored is None:
        raise UnsupportedModelError(f"The array '{name}' is of the type '{str(dtype)[:40]}'.")
    table = None
    if (quantization := item.get("quantization")) is not None:
        stored, table = _quantization(name, quantization)
    return _Entry(
        name=name,
        shape=_shape(name, item.get("shape")),
        stored=stored,
        table=table,
        is_whole=dtype not in ("float32", "float16"),
        is_of_the_model=item.get("group") != _OPTIMIZER,
    )


def _quantization(name: str, value: object) -> tuple[np.dtype[Any], tuple[float, float] | None]:
    dtype = value.get("dtype") if isinstance(value, dict) else None
    stored = _QUANTIZED.get(dtype) if isinstance(dtype, str) else None
    if not isinstance(value, dict) or stored is None:
        raise UnsupportedModelError(
            f"The array '{name}' is quantized to '{str(dtype)[:40]}'; uint8, uint16 and float16 "
            "are known."
        )
    if stored.kind == "f":
        return stored, None
    return stored, (_number(name, value, "scale"), _number(name, value, "min"))


def _number(name: str, quantization: Mapping[str, object], field: str) -> float:
    value = quantization.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UnreadableModelError(
            f"The array '{name}' is quantized with {field} = {str(value)[:40]}, where a number "
            "belongs. The model is damaged."
        )
    return float(value)


def _shape(name: str, value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(n) is int and n >= 0 for n in value):
        raise UnreadableModelError(
            f"The array '{name}' has the shape {str(value)[:40]}. The model is damaged."
        )
    size = 1
    for length in value:
        size *= min(length, _MAX_NUMBERS)
        if size >= _MAX_NUMBERS:
            raise HostileModelError(
                f"The array '{name}' declares more numbers than any file holds."
            )
    return tuple(value)


def _groups(document: Mapping[str, object]) -> list[Mapping[str, object]]:
    if document.get(_MANIFEST) is None:
        raise _without_weights()
    return _listed(document, _MANIFEST)


def _without_weights() -> UnsupportedModelError:
    return UnsupportedModelError(
        "The file is a TensorFlow.js model without weights. Export the whole model: await "
        "model.save('downloads://model')"
    )


def _listed(container: Mapping[str, object], name: str) -> list[Any]:
    """A list of objects; of texts where these are paths."""
    value = container.get(name)
    kind = str if name == "paths" else dict
    if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
        raise UnreadableModelError(f"The model's '{name}' is damaged. Export it again.")
    return value


def _plain_name(path: str) -> str:
    """The name of a file beside the model: what browsers save is at ``./model.weights.bin``."""
    name = path.removeprefix("./")
    is_plain = name not in ("", ".", "..") and not set(name) & set("/\\:\0")
    if not is_plain or len(name) > _MAX_NAME_LENGTH:
        raise HostileModelError(
            f"The model keeps weights at '{path[:80]}'. Put them beside it, and write their plain "
            "names into its 'weightsManifest'."
        )
    return name


def _some(names: Sequence[str]) -> str:
    more = [f"{len(names) - _SHOWN} more"] if len(names) > _SHOWN else []
    return " and ".join(", ".join(chain(names[:_SHOWN], more)).rsplit(", ", 1))

"""Files of skops: a zip of ``schema.json``, which says what the object is made of, and arrays.

Source: skops/io, protocols 0 to 2. As with pickles nothing is imported or called; what skops would
ask to be trusted, such as a function, is a ``Name``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any, cast
from zipfile import ZipFile

import numpy as np

from vistazo.errors import HostileModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.estimator_import.allowance import Allowance
from vistazo.models.estimator_import.keys import check_keys
from vistazo.models.estimator_import.npy import array_of_npy
from vistazo.models.estimator_import.sparse import UnfilledSparseArray
from vistazo.models.estimator_import.values import DataType, Name, Record
from vistazo.models.zip_member import open_zip, read_small

SCHEMA = "schema.json"
_DEEPEST = 150
_LEAST_SCHEMA_BYTES, _SCHEMA_SHARE = 8 << 20, 2  # JSON takes many times its bytes in memory
_LONGEST_NAME = 500
Node = dict[str, Any]


def read_skops(archive: ZipFile, most_bytes: int) -> object:
    """The object in it. Raises ModelError; what makes no sense raises as it comes, see reader."""
    reading = _Reading(archive, most_bytes)
    schema = read_small(archive, SCHEMA, max(_LEAST_SCHEMA_BYTES, most_bytes // _SCHEMA_SHARE))
    return reading.value(json.loads(schema), 0)


class _Reading:
    """One file: a node that was met before is the same object again."""

    def __init__(self, archive: ZipFile, most_bytes: int) -> None:
        self._archive, self._left = archive, most_bytes
        self._made: dict[int, object] = {}
        self.allowance = Allowance(most_bytes)

    def member(self, name: str) -> bytes:
        """A file in the zip; all of them together are bounded, however often each is named."""
        content = read_small(self._archive, name, max(0, self._left))
        self._left -= len(content)
        return content

    def value(self, node: Node, depth: int) -> object:
        if depth > _DEEPEST:
            raise HostileModelError("The file nests values beyond what any model needs.")
        known = node.get("__id__")
        if isinstance(known, int) and known in self._made:
            return self._made[known]
        loader = _LOADERS.get(node["__loader__"])
        if loader is None:
            said = str(node["__loader__"])[:50]
            raise UnsupportedModelError(
                f"The file holds {kind_of(node)} as {said}, which is not known. Save it with "
                "joblib.dump(model, 'model.joblib')."
            )
        made = loader(self, node, depth + 1)
        if isinstance(known, int):
            self._made[known] = made
        return made

    def values(self, nodes: list[Node], depth: int) -> list[object]:
        return [self.value(node, depth) for node in nodes]


Loader = Callable[[_Reading, Node, int], object]


def kind_of(node: Node) -> Name:
    module, name = node["__module__"], node["__class__"]
    if not isinstance(module, str) or not isinstance(name, str):
        raise UnreadableModelError("The file is damaged: a class has no name.")
    if len(module) + len(name) > _LONGEST_NAME:
        raise HostileModelError("The file names a class by more than 500 characters.")
    return Name(module, name)


def _json(_reading: _Reading, node: Node, _depth: int) -> object:
    return json.loads(node["content"])


def _dictionary(reading: _Reading, node: Node, depth: int) -> dict[object, object]:
    kinds = reading.value(node["key_types"], depth)
    content = node["content"]
    if not isinstance(kinds, list) or len(kinds) != len(content):
        raise UnreadableModelError("The file is damaged: a dictionary has not its types of keys.")
    keys = [_key(text, kind) for text, kind in zip(content, kinds, strict=True)]
    check_keys(reading.allowance, keys)
    return dict(zip(keys, reading.values(list(content.values()), depth), strict=True))


def _key(text: str, kind: object) -> object:
    name = kind.name if isinstance(kind, Name) else "str"
    if name.startswith(("int", "uint")):
        return int(text)
    if name.startswith("float"):
        return float(text)
    return {"true": True, "false": False}[text] if name.startswith("bool") else text


def _main(reading: _Reading, node: Node, depth: int) -> object:
    """Of a dictionary with something besides: the dictionary."""
    return reading.value(node["content"]["main"], depth)


def _list(reading: _Reading, node: Node, depth: int) -> list[object]:
    return reading.values(node["content"], depth)


def _tuple(reading: _Reading, node: Node, depth: int) -> tuple[object, ...]:
    return tuple(reading.values(node["content"], depth))


def _set(reading: _Reading, node: Node, depth: int) -> set[object]:
    members = reading.values(node["content"], depth)
    check_keys(reading.allowance, members)
    return set(members)


def _name(_reading: _Reading, node: Node, _depth: int) -> Name:
    return kind_of(node)


def _object(reading: _Reading, node: Node, depth: int) -> Record:
    """Its attributes; or what else its class has given as its state."""
    made = Record(kind_of(node))
    if node.get("content") is not None:
        content = reading.value(node["content"], depth)
        if isinstance(content, dict):
            made.attributes = cast(dict[str, object], content)
        else:
            made.state = content
    return made


def _reduced(reading: _Reading, node: Node, depth: int) -> Record:
    made = _object(reading, node, depth)
    arguments = reading.value(node["__reduce__"]["args"], depth)
    made.arguments = arguments if isinstance(arguments, tuple) else (arguments,)
    return made


def _constructed(reading: _Reading, node: Node, depth: int) -> Record:
    made = _object(reading, node, depth)
    made.arguments = made.state if isinstance(made.state, tuple) else ()
    return made


def _parts(reading: _Reading, node: Node, depth: int) -> Record:
    """What is made of other things under names: a masked array, a method, a partial function."""
    parts = node["content"]
    made = {name: part for name, part in parts.items() if not isinstance(part, dict)}
    for name, part in parts.items():
        if isinstance(part, dict):
            made[name] = reading.value(part, depth)
    first = next((each for each in made.values() if isinstance(each, Name | Record)), None)
    return Record(kind_of(node), () if first is None else (first,), made)


def _array(reading: _Reading, node: Node, depth: int) -> object:
    """An array, or one number of NumPy's."""
    if node["type"] == "numpy":
        array = array_of_npy(reading.member(node["file"]))
        return array if array.ndim or node["__class__"] == "ndarray" else array[()]
    shape = reading.value(node["shape"], depth)
    members = _flat(reading.values(node["content"], depth), shape)
    array = np.empty(len(members), object)
    array[:] = members
    return array.reshape(cast(tuple[int, ...], shape))


def _flat(members: list[object], shape: object) -> list[object]:
    """The members of lists in lists: as many axes as the shape has."""
    for _ in range(len(shape) - 1 if isinstance(shape, tuple) else 0):
        members = [part for each in members if isinstance(each, list) for part in each]
    return members


def _type(reading: _Reading, node: Node, depth: int) -> DataType:
    array = reading.value(node["content"], depth)
    if not isinstance(array, np.ndarray):
        raise UnreadableModelError("The file is damaged: the type of an array is none.")
    return DataType(array.dtype)


def _sparse(reading: _Reading, node: Node, _depth: int) -> UnfilledSparseArray:
    """An .npz as scipy.sparse.save_npz writes it."""
    content = reading.member(node["file"])
    state: dict[str, object] = {}
    with open_zip(io.BytesIO(content), "A sparse matrix in the file") as inner:
        for entry in inner.infolist():
            data = read_small(inner, entry.filename, 64 * len(content))
            state[entry.filename.removesuffix(".npy")] = array_of_npy(data)
    kind = np.asarray(state.pop("format")).item()
    state["_shape"] = tuple(np.asarray(state.pop("shape")).ravel().tolist())
    made = UnfilledSparseArray(kind.decode() if isinstance(kind, bytes) else str(kind))
    made.fill(state, reading.allowance)
    return made


def _bytes(reading: _Reading, node: Node, _depth: int) -> bytes:
    return reading.member(node["file"])


_LOADERS: dict[str, Loader] = {
    "BytearrayNode": _bytes,
    "BytesNode": _bytes,
    "ConstructorFromReduceNode": _constructed,
    "DTypeNode": _type,
    "DefaultDictNode": _main,
    "DictNode": _dictionary,
    "FunctionNode": _name,
    "JsonNode": _json,
    "ListNode": _list,
    "LossNode": _reduced,
    "MaskedArrayNode": _parts,
    "MethodNode": _parts,
    "NdArrayNode": _array,
    "ObjectNode": _object,
    "PartialNode": _parts,
    "RandomGeneratorNode": _parts,
    "RandomStateNode": _object,
    "SetNode": _set,
    "SliceNode": _parts,
    "SparseMatrixNode": _sparse,
    "TreeNode": _reduced,
    "TupleNode": _tuple,
    "TypeNode": _name,
    "_DictWithDeprecatedKeysNode": _main,
}

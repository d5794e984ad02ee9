"""What was read from a pickle, as a file that is none: a zip of arrays (``.npz``) and JSON.

It holds the same values, and no instructions. Whoever has it need not trust whoever wrote it.
"""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import read_array, write_array
from numpy.typing import NDArray

from vistazo.errors import HostileModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.estimator_import.values import DataType, Name, Record, SparseArray

_TREE = "values.json"
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_SEQUENCES: Mapping[str, Callable[[list[object]], object]] = {
    "list": list,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
}


def is_values_file(path: Path) -> bool:
    """Whether it is a zip with such a tree in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return f"{_TREE}.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError):
        return False


def write_values(content: object, path: Path) -> None:
    """The same bytes for the same content. Raises UnsupportedModelError, OSError."""
    writing = _Writing()
    root = writing.told(content)
    tree = json.dumps({"root": root, "records": writing.records}).encode()
    arrays = {**writing.arrays, _TREE: np.frombuffer(tree, np.uint8)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", _NO_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                write_array(file, array, allow_pickle=False)


def read_values(path: Path, most_bytes: int) -> object:
    """Raises ModelError where it is not what ``write_values`` wrote, or larger unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > most_bytes:
                raise HostileModelError(f"{path.name} takes more memory than any model needs.")
            arrays = {}
            for entry in archive.infolist():
                with archive.open(entry) as file:
                    arrays[entry.filename.removesuffix(".npy")] = read_array(
                        file, allow_pickle=False
                    )
        return _Reading(arrays).content()
    except (
        AttributeError,
        EOFError,
        LookupError,
        OSError,
        RecursionError,
        TypeError,
        ValueError,
        zipfile.BadZipFile,
    ) as error:
        raise UnreadableModelError(f"{path.name} is damaged, or not what it says.") from error


class _Writing:
    """Values as JSON, in which arrays and records are named: records may hold each other."""

    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}
        self.records: list[object] = []
        self._places: dict[int, int] = {}
        self._kept: list[object] = []  # so that no id is given twice

    def told(self, value: object) -> object:
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, Record):
            return {"record": self._record(value)}
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, dict):
            return self._dictionary(value)
        if isinstance(value, (list, tuple, set, frozenset)):
            return {type(value).__name__: [self.told(each) for each in value]}
        return self._rest(value)

    def _rest(self, value: object) -> object:
        if isinstance(value, (bytes, bytearray)):
            return {"bytes": base64.b64encode(value).decode()}
        if isinstance(value, Name):
            return {"name": [value.module, value.name]}
        if isinstance(value, DataType):
            return {"name": ["numpy", value.dtype.name]}
        if isinstance(value, complex):
            return {"name": ["builtins", "complex"]}
        if isinstance(value, SparseArray):
            parts = [self._array(part) for part in (value.starts, value.columns, value.values)]
            return {"sparse": [*parts, list(value.shape)]}
        raise UnsupportedModelError(f"The file holds a {type(value).__name__}, which has no place.")

    def _record(self, record: Record) -> int:
        if id(record) in self._places:
            return self._places[id(record)]
        place = self._places[id(record)] = len(self.records)
        self.records.append(None)
        self._kept.append(record)
        self.records[place] = {
            "kind": [record.kind.module, record.kind.name],
            "arguments": [self.told(each) for each in record.arguments],
            "attributes": self.told(record.attributes),
            "state": self.told(record.state),
        }
        return place

    def _array(self, array: NDArray[Any]) -> object:
        if array.dtype.hasobject:
            return {"objects": [list(array.shape), [self.told(each) for each in array.ravel()]]}
        name = f"a{len(self.arrays)}"
        self.arrays[name] = array
        return {"array": name}

    def _dictionary(self, value: dict[Any, Any]) -> object:
        """A vocabulary is a hundred thousand words and their places: two arrays."""
        numbers = list(value.values())
        if all(isinstance(key, str) for key in value) and all(map(_is_place, numbers)) and numbers:
            words = [str(key).encode("utf-8", "surrogatepass") for key in value]
            parts = (
                np.frombuffer(b"".join(words), np.uint8),
                np.array([len(word) for word in words], np.int64),
                np.array(numbers, np.int64),
            )
            return {"words": [self._array(part) for part in parts]}
        return {"dict": [[self.told(key), self.told(each)] for key, each in value.items()]}


def _is_place(value: object) -> bool:
    is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))
    return is_whole and abs(int(value)) < 1 << 62  # type: ignore[call-overload]


class _Reading:
    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._arrays = arrays
        tree = json.loads(arrays[_TREE].tobytes())
        self._root, self._told = tree["root"], tree["records"]
        self._records = [Record(_name(told["kind"])) for told in self._told]

    def content(self) -> object:
        for record, told in zip(self._records, self._told, strict=True):
            record.arguments = tuple(self._made(each) for each in told["arguments"])
            record.attributes = dict(self._made(told["attributes"]))
            record.state = self._made(told["state"])
        return self._made(self._root)

    def _made(self, told: Any) -> Any:
        if not isinstance(told, dict):
            if isinstance(told, list):
                raise TypeError("a bare list")
            return told
        ((kind, what),) = told.items()
        if kind in _SEQUENCES:
            return _SEQUENCES[kind]([self._made(each) for each in what])
        if kind == "record":
            return self._records[_index(what)]
        if kind == "dict":
            return {self._made(key): self._made(value) for key, value in what}
        return self._others[kind](what)

    @property
    def _others(self) -> Mapping[str, Callable[[Any], object]]:
        return {
            "array": self._arrays.__getitem__,
            "objects": self._objects,
            "words": self._words,
            "sparse": self._sparse,
            "bytes": base64.b64decode,
            "name": _name,
        }

    def _words(self, parts: list[Any]) -> dict[str, int]:
        joined, lengths, numbers = (self._made(part) for part in parts)
        text, ends = joined.tobytes(), np.cumsum(lengths).tolist()
        if (lengths < 0).any() or len(lengths) != len(numbers) or ends[-1] != len(text):
            raise ValueError("words that do not fit")
        starts = [0, *ends[:-1]]
        return {
            text[start:end].decode("utf-8", "surrogatepass"): number
            for start, end, number in zip(starts, ends, numbers.tolist(), strict=True)
        }

    def _sparse(self, parts: list[Any]) -> SparseArray:
        starts, columns, values = (self._made(part) for part in parts[:3])
        rows, width = (_index(size) for size in parts[3])
        rises = len(starts) == rows + 1 and starts[0] == 0 and (np.diff(starts) >= 0).all()
        within = not len(columns) or (columns.min() >= 0 and columns.max() < width)
        if not (rises and within and starts[-1] == len(columns) == len(values)):
            raise ValueError("a sparse matrix that is not sound")
        places = starts.astype(np.int64), columns.astype(np.int64)
        return SparseArray(*places, values.astype(np.float64), (rows, width))

    def _objects(self, what: list[Any]) -> NDArray[Any]:
        shape, members = what
        array = np.empty(len(members), dtype=object)
        for place, member in enumerate(members):
            array[place] = self._made(member)
        return array.reshape([_index(size) for size in shape])


def _name(parts: Any) -> Name:
    module, name = parts
    return Name(str(module), str(name))


def _index(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("not a place")
    return value

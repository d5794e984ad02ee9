"""HDF5 as data: every object is looked at before anything is read or allocated.

The attacks that are refused here: links and datasets that reach other files (external links,
external storage, virtual datasets), filters that would load a plug-in, shapes that declare far
more than the file holds (CWE-789; CVE-2026-0897 in Keras), trees without end.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

from vistazo.errors import HostileModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.keras_import.file_faults import FILE_FAULTS, reason_of
from vistazo.models.keras_import.global_heap import check_global_heaps
from vistazo.models.keras_import.weight import Weight

MAX_OBJECTS = 200_000
MAX_DEPTH = 64

# deflate, shuffle, fletcher32, szip, nbit, scale-offset, lzf: all inside the library.
_BUILT_IN_FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32000})

# DEFLATE cannot expand more than 1032 times (zlib's technical notes); below the floor nobody cares.
_MAX_EXPANSION = 1100
_EXPANSION_FLOOR_BYTES = 1 << 24


def open_hdf5(source: str | BinaryIO, label: str) -> h5py.File:
    """Open for reading only. Raises UnreadableModelError, which says when the file is cut short."""
    try:
        if isinstance(source, str):
            with Path(source).open("rb") as file:
                check_global_heaps(file, label)
            return h5py.File(source, "r", locking=False)
        check_global_heaps(source, label)
        return h5py.File(source, "r")
    except FILE_FAULTS as error:
        reason = reason_of(error)
        what = "was not copied whole" if "truncated" in reason else "is a damaged HDF5 file"
        raise UnreadableModelError(f"{label} {what} ({reason}). Copy it again.") from error


@dataclass(frozen=True)
class Tree:
    """The objects of a file by their path, which of the file itself is empty.

    Backslashes are slashes here: files saved on Windows name whole paths with them.
    """

    weights: Mapping[str, Weight]
    groups: Mapping[str, h5py.Group]


def read_tree(file: h5py.File) -> Tree:
    """Look at every object of a file. Raises HostileModelError, UnreadableModelError."""
    weights: dict[str, Weight] = {}
    groups: dict[str, h5py.Group] = {"": file}
    for path, item in _walk(file):
        if isinstance(item, h5py.Dataset):
            weights[path] = _weight(path, item)
        elif isinstance(item, h5py.Group):
            groups[path] = item
    return Tree(weights, groups)


def _weight(path: str, dataset: h5py.Dataset) -> Weight:
    shape = tuple(int(n) for n in dataset.shape or ())
    return Weight(path, shape, partial(_read, dataset), dataset.dtype.kind in "iub")


def _read(dataset: h5py.Dataset) -> NDArray[Any]:
    stored = dataset[()]
    is_bfloat16 = dataset.attrs.get("dtype") == "bfloat16"
    return _widen_bfloat16(stored) if is_bfloat16 else np.asarray(stored)


def read_names(group: h5py.Group, attribute: str) -> list[str]:
    """A list of names that Keras keeps in an attribute, or split over ``attribute0``, ``1``...

    HDF5 limits an object header to 64 kB, so Keras splits long lists
    (``save_attributes_to_hdf5_group``).
    """
    try:
        if attribute in group.attrs:
            return [_text(name) for name in group.attrs[attribute]]
        names: list[str] = []
        chunk = 0
        while f"{attribute}{chunk}" in group.attrs:
            names += [_text(name) for name in group.attrs[f"{attribute}{chunk}"]]
            chunk += 1
        return names
    except FILE_FAULTS as error:
        raise UnreadableModelError(
            f"The list '{attribute}' of '{group.name}' cannot be read: {reason_of(error)}."
        ) from error


def has_layer_names(group: h5py.Group) -> bool:
    """Whether layers are listed here, as ``save_weights`` did before Keras 3."""
    try:
        return "layer_names" in group.attrs or "layer_names0" in group.attrs
    except FILE_FAULTS as error:
        raise UnreadableModelError(f"The attributes are damaged: {reason_of(error)}.") from error


def read_text(group: h5py.Group, attribute: str) -> str | None:
    """A text attribute, or None where there is none."""
    try:
        return _text(group.attrs[attribute]) if attribute in group.attrs else None
    except FILE_FAULTS as error:
        raise UnreadableModelError(
            f"The attribute '{attribute}' cannot be read: {reason_of(error)}. The file is damaged."
        ) from error


def _walk(file: h5py.File) -> Iterator[tuple[str, h5py.Group | h5py.Dataset]]:
    seen = 0
    pending: list[tuple[str, h5py.Group, int]] = [("", file, 0)]
    while pending:
        prefix, group, depth = pending.pop()
        for name in _member_names(group):
            seen += 1
            if seen > MAX_OBJECTS or depth > MAX_DEPTH:
                raise HostileModelError(
                    f"The HDF5 file nests deeper than {MAX_DEPTH} groups or holds more than "
                    f"{MAX_OBJECTS} objects, which no Keras model needs."
                )
            path = f"{prefix}{name}".replace("\\", "/")
            item = _member(group, name, path)
            if isinstance(item, h5py.Dataset):
                _refuse_unsafe(item, path)
            elif isinstance(item, h5py.Group):
                pending.append((f"{path}/", item, depth + 1))
            yield path, item


def _member_names(group: h5py.Group) -> list[str]:
    try:
        return list(group)
    except FILE_FAULTS as error:
        raise UnreadableModelError(f"A group is damaged: {reason_of(error)}.") from error


def _member(group: h5py.Group, name: str, path: str) -> h5py.Group | h5py.Dataset:
    try:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise HostileModelError(
                f"The HDF5 file has a link at '{path}' that can lead out of it. Keras writes no "
                "links; save the model again with model.save()."
            )
        return group[name]
    except FILE_FAULTS as error:
        raise UnreadableModelError(f"'{path}' is damaged: {reason_of(error)}.") from error


def _refuse_unsafe(dataset: h5py.Dataset, path: str) -> None:
    try:
        plist = dataset.id.get_create_plist()
        filters = {plist.get_filter(i)[0] for i in range(plist.get_nfilters())}
        reaches_out = bool(dataset.is_virtual or dataset.external)
        kind = dataset.dtype.kind
        declared = math.prod(dataset.shape or ()) * dataset.dtype.itemsize
        stored = dataset.id.get_storage_size()
        chunk = math.prod(dataset.chunks or ()) * dataset.dtype.itemsize
    except FILE_FAULTS as error:
        raise UnreadableModelError(f"'{path}' is damaged: {reason_of(error)}.") from error
    if reaches_out:
        raise HostileModelError(f"The data of '{path}' lies in another file; a model is one file.")
    if not filters <= _BUILT_IN_FILTERS:
        raise HostileModelError(
            f"'{path}' is packed with a filter that would load a plug-in. Save it again without."
        )
    if kind not in "fiubVOS":
        raise UnsupportedModelError(f"'{path}' holds numbers of an unknown type.")
    # Reading any part of a chunk takes the memory of all of it.
    declared = max(declared, chunk)
    if declared > _EXPANSION_FLOOR_BYTES and declared > _MAX_EXPANSION * stored:
        raise HostileModelError(
            f"'{path}' declares {declared} bytes, but the file holds {stored} of them."
        )


def _widen_bfloat16(stored: NDArray[np.void]) -> NDArray[np.float32]:
    # bfloat16 is the upper half of a float32; Keras stores it as two opaque bytes.
    bits = np.asarray(stored).view(np.uint16).astype(np.uint32) << 16
    return bits.view(np.float32)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, str):
        return str(value)
    raise TypeError("text was expected")

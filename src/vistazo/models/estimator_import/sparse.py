"""Matrices of scipy.sparse, whatever their kind, as compressed sparse rows.

Source: the attributes of each kind in scipy/sparse/_compressed.py, _coo.py and _dia.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import UnreadableModelError
from vistazo.models.estimator_import.allowance import Allowance
from vistazo.models.estimator_import.values import Name, SparseArray

_MOST = 1 << 40
_COPIES, _INDEX_BYTES = 2, 8
Entries = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


class UnfilledSparseArray(SparseArray):
    """One whose attributes are not read yet: it is in the memo of its pickle before they are."""

    def __init__(self, kind: str) -> None:
        none = np.zeros(0, np.int64)
        super().__init__(np.zeros(1, np.int64), none, np.zeros(0), (0, 0))
        object.__setattr__(self, "kind", kind)

    def fill(self, state: object, allowance: Allowance) -> None:
        if not isinstance(state, Mapping):
            raise _damaged("it has no attributes")
        shape = _shape(state)
        n_bytes = sum(each.nbytes for each in state.values() if isinstance(each, np.ndarray))
        allowance.spend(_COPIES * (n_bytes + _INDEX_BYTES * shape[0]))
        filled = _READERS[vars(self)["kind"]](state, shape)
        for name, value in vars(filled).items():
            object.__setattr__(self, name, value)


def unfilled(kind: Name) -> UnfilledSparseArray | None:
    """None for what is no matrix that can be read."""
    prefix = kind.name.partition("_")[0]
    is_matrix = kind.name in (f"{prefix}_matrix", f"{prefix}_array") and prefix in _READERS
    return UnfilledSparseArray(prefix) if is_matrix else None


def _shape(state: Mapping[str, object]) -> tuple[int, int]:
    shape = state.get("_shape", state.get("shape"))
    if not isinstance(shape, tuple) or not 1 <= len(shape) <= 2:
        raise _damaged("its shape is no shape")
    for size in shape:
        if not isinstance(size, int | np.integer) or not 0 <= size < _MOST:
            raise _damaged("its shape is no shape")
    return (1, int(shape[0])) if len(shape) == 1 else (int(shape[0]), int(shape[1]))


def _compressed_rows(state: Mapping[str, object], shape: tuple[int, int]) -> SparseArray:
    starts, columns = _indices(state.get("indptr")), _indices(state.get("indices"))
    values = _numbers(state.get("data"))
    return _checked(starts, columns, values, shape)


def _compressed_columns(state: Mapping[str, object], shape: tuple[int, int]) -> SparseArray:
    turned = _compressed_rows(state, (shape[1], shape[0]))
    columns = np.repeat(np.arange(shape[1]), np.diff(turned.starts))
    return _from_entries((turned.columns, columns, turned.values), shape)


def _coordinates(state: Mapping[str, object], shape: tuple[int, int]) -> SparseArray:
    places = state.get("coords") or (state.get("row"), state.get("col"))
    if not isinstance(places, tuple) or len(places) not in (1, 2):
        raise _damaged("its coordinates are none")
    columns, values = _indices(places[-1]), _numbers(state.get("data"))
    rows = _indices(places[0]) if len(places) == 2 else np.zeros_like(columns)
    return _from_entries((rows, columns, values), shape)


def _diagonals(state: Mapping[str, object], shape: tuple[int, int]) -> SparseArray:
    offsets = _indices(state.get("offsets"))
    data = _raw(state.get("data"))
    if data.ndim != 2 or len(data) != len(offsets):
        raise _damaged("its diagonals are not as many as their offsets")
    columns = np.tile(np.arange(data.shape[1]), len(offsets))
    rows = columns - np.repeat(offsets, data.shape[1])
    values = _numbers(data.ravel())
    there = (rows >= 0) & (rows < shape[0]) & (columns < shape[1]) & (values != 0)
    return _from_entries((rows[there], columns[there], values[there]), shape)


_READERS = {
    "csr": _compressed_rows,
    "csc": _compressed_columns,
    "coo": _coordinates,
    "dia": _diagonals,
}


def _from_entries(entries: Entries, shape: tuple[int, int]) -> SparseArray:
    rows, columns, values = entries
    if not len(rows) == len(columns) == len(values):
        raise _damaged("its coordinates are not as many as its values")
    if len(rows) and (rows.min() < 0 or rows.max() >= shape[0]):
        raise _damaged("its rows are not within its shape")
    order = np.lexsort((columns, rows))
    starts = np.zeros(shape[0] + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=shape[0]), out=starts[1:])
    return _checked(starts, columns[order], values[order], shape)


def _checked(
    starts: NDArray[np.int64],
    columns: NDArray[np.int64],
    values: NDArray[np.float64],
    shape: tuple[int, int],
) -> SparseArray:
    if len(starts) != shape[0] + 1 or starts[0] != 0 or (np.diff(starts) < 0).any():
        raise _damaged("its rows do not begin where they can")
    n_values = int(starts[-1])  # scipy may keep room for more
    if n_values > min(len(columns), len(values)):
        raise _damaged("it has fewer values than it says")
    columns, values = columns[:n_values], values[:n_values]
    if n_values and (columns.min() < 0 or columns.max() >= shape[1]):
        raise _damaged("its columns are not within its shape")
    return SparseArray(starts, columns, values, shape)


def _raw(found: object) -> NDArray[Any]:
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "biuf":
        raise _damaged("its values are no numbers")
    return found


def _indices(found: object) -> NDArray[np.int64]:
    array = _raw(found)
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise _damaged("its indices are no whole numbers")
    return array.astype(np.int64, copy=False)


def _numbers(found: object) -> NDArray[np.float64]:
    array = _raw(found)
    if array.ndim != 1:
        raise _damaged("its values are no row of numbers")
    return array.astype(np.float64, copy=False)


def _damaged(why: str) -> UnreadableModelError:
    return UnreadableModelError(f"A sparse matrix in the file is damaged: {why}.")

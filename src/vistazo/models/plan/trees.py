"""Decision trees, many at a time: which leaf each row comes to in each tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import Dense, Matrix, SparseRows, in_dense_parts
from vistazo.models.plan.operation import operation

# Numbers held at a time while leaves are looked up: some megabytes.
_MOST_NUMBERS = 250_000
_N_CATEGORIES = 256


@operation
@dataclass(frozen=True, eq=False)
class Trees:
    """``roots`` (t,) are the nodes that trees begin at. Nodes below ``len(thresholds)`` ask: to the
    left where ``row[columns[features[i]]] <= thresholds[i]``, and on with ``children[2 * i]``, else
    with ``children[2 * i + 1]``. The others are leaves, counted from there; trees may share them.

    Children come later than their parents, or are leaves: every way ends. ``columns`` are those of
    the rows that any tree asks for, rising. Where ``single``, numbers are rounded to float32 first.
    A missing number (NaN) goes left where ``missing_left[i]``.

    ``sets`` (m, 32) are for categories: node i goes left where bit v of ``sets[set_of[i]]`` is set,
    v being the number without its fraction, modulo 256; below zero it is missing. ``set_of`` is
    empty where no node asks so, and -1 for a node that does not.
    """

    roots: NDArray[np.int32]
    columns: NDArray[np.int64]
    features: NDArray[np.int32]
    thresholds: NDArray[np.float64]
    children: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    set_of: NDArray[np.int32]
    sets: NDArray[np.uint8]
    single: bool

    def leaves(self, values: Matrix) -> Iterator[NDArray[np.int64]]:
        """The leaves (n, t) of some rows at a time, in order: always once at least."""
        step = max(1, _MOST_NUMBERS // max(1, len(self.roots), len(self.columns)))
        if not len(values):
            yield np.empty((0, len(self.roots)), np.int64)
        for part in in_dense_parts(columns_of(values, self.columns), step * len(self.columns)):
            yield self._leaves(rounded(part) if self.single else part)

    def _leaves(self, rows: Dense) -> NDArray[np.int64]:
        n_trees, n_asking = len(self.roots), len(self.thresholds)
        node = np.tile(self.roots.astype(np.int64), len(rows))
        numbers = np.ascontiguousarray(rows).ravel()
        begins = np.repeat(np.arange(len(rows)) * rows.shape[1], n_trees)
        has_missing = bool(np.isnan(numbers).any())
        going = np.flatnonzero(node < n_asking)
        while len(going):
            at = node[going]
            found = numbers[begins[going] + self.features[at]]
            left = self._goes_left(at, found, has_missing)
            after = self.children[2 * at + ~left]
            node[going] = after
            going = going[after < n_asking]
        return (node - n_asking).reshape(len(rows), n_trees)

    def _goes_left(
        self, at: NDArray[np.int64], found: Dense, has_missing: bool
    ) -> NDArray[np.bool_]:
        left = np.asarray(found <= self.thresholds[at])
        if has_missing:
            left |= np.isnan(found) & self.missing_left[at]
        if len(self.set_of):
            asks = np.flatnonzero(self.set_of[at] >= 0)
            left[asks] = self._in_set(at[asks], found[asks])
        return left

    def _in_set(self, at: NDArray[np.int64], found: Dense) -> NDArray[np.bool_]:
        known = found >= 0  # not where it is missing
        code = np.where(known, np.trunc(np.where(known, found, 0)) % _N_CATEGORIES, 0)
        place = code.astype(np.int64)
        bits = (self.sets[self.set_of[at], place >> 3] >> (place & 7)) & 1
        return np.asarray(np.where(known, bits == 1, self.missing_left[at]))


def rounded(rows: Dense) -> Dense:
    """As float32 has them."""
    with np.errstate(over="ignore"):
        return rows.astype(np.float32).astype(np.float64)


def columns_of(values: Matrix, columns: NDArray[np.int64]) -> Matrix:
    """Those columns (rising, all different) alone."""
    if not isinstance(values, SparseRows):
        if len(columns) == values.shape[1] == (columns[-1] + 1 if len(columns) else 0):
            return values
        return values[:, columns]
    place = np.searchsorted(columns, values.columns)
    kept = place < len(columns)
    kept[kept] = columns[place[kept]] == values.columns[kept]
    before = np.concatenate([[0], np.cumsum(kept)])
    return SparseRows(before[values.starts], place[kept], values.values[kept], len(columns))

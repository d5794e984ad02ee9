"""Operations made of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vistazo.models.plan.matrix import Matrix, SparseRows, Values, as_matrix
from vistazo.models.plan.operation import Decider, Decisions, Transform, operation


@operation
@dataclass(frozen=True, eq=False)
class Chain:
    """One after the other."""

    transforms: tuple[Transform, ...]

    def apply(self, values: Values) -> Matrix:
        for transform in self.transforms:
            values = transform.apply(values)
        return as_matrix(values)


@operation
@dataclass(frozen=True, eq=False)
class Piped:
    """A classifier after a transform: a pipeline in a vote, in a search, in a calibration."""

    transform: Chain
    decider: Decider

    @property
    def n_classes(self) -> int:
        return self.decider.n_classes

    def decide(self, values: Values) -> Decisions:
        return self.decider.decide(self.transform.apply(values))


@operation
@dataclass(frozen=True, eq=False)
class Union:
    """The columns of several transforms of the same samples, side by side, each times a weight."""

    transforms: tuple[Transform, ...]
    weights: tuple[float, ...]

    def apply(self, values: Values) -> Matrix:
        return side_by_side(
            [transform.apply(values) for transform in self.transforms], self.weights
        )


def side_by_side(parts: Sequence[Matrix], weights: tuple[float, ...]) -> Matrix:
    """The columns of all of the same rows, each part times its weight: sparse if one of them is."""
    dense = [part for part in parts if not isinstance(part, SparseRows)]
    if len(dense) == len(parts):
        return np.hstack([w * part for part, w in zip(dense, weights, strict=True)])
    sparse = [part if isinstance(part, SparseRows) else _sparse(part) for part in parts]
    return _beside_each_other(sparse, weights)


def _sparse(rows: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> SparseRows:
    n, width = rows.shape
    starts = np.arange(0, n * width + 1, max(1, width), dtype=np.int64)[: n + 1]
    columns = np.tile(np.arange(width, dtype=np.int64), n)
    return SparseRows(starts, columns, rows.ravel(), width)


def _beside_each_other(parts: list[SparseRows], weights: tuple[float, ...]) -> SparseRows:
    offsets = np.cumsum([0, *(part.n_columns for part in parts)])
    rows = np.concatenate([part.row_of_each for part in parts])
    columns = np.concatenate(
        [part.columns + offset for part, offset in zip(parts, offsets[:-1], strict=True)]
    )
    values = np.concatenate([w * part.values for part, w in zip(parts, weights, strict=True)])
    order = np.argsort(rows, kind="stable")  # the parts come in the order of their columns
    counts = np.bincount(rows, minlength=len(parts[0]))
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return SparseRows(starts, columns[order], values[order], int(offsets[-1]))

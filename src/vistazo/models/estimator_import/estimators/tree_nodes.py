"""The nodes of trees as they stand in a file, checked and put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import UnreadableModelError
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.plan.trees import Trees

# Deeper than trees of texts grow; each level costs a step in each prediction.
_DEEPEST = 10_000
_SET_BYTES = 32
_Kind = TypeVar("_Kind", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Nodes:
    """A tree. ``left`` and ``right`` are -1 at leaves, whose ``held`` (nodes, k) counts."""

    features: NDArray[np.int64]
    thresholds: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    held: NDArray[np.float64]
    set_of: NDArray[np.int64] | None = None
    sets: NDArray[np.uint8] | None = None


def checked(fitted: Fitted, nodes: Nodes, n_features: int) -> Nodes:
    """Raises UnreadableModelError where a way through the tree would not end at a leaf."""
    asks = nodes.left >= 0
    children = np.stack([nodes.left[asks], nodes.right[asks]])
    parents = np.flatnonzero(asks)
    count = len(asks)
    if not count:
        raise fitted.damaged("its tree has no node")
    if (children <= parents).any() or (children >= count).any():
        raise fitted.damaged("its tree has a cycle, or a child that is not there")
    if (np.bincount(children.ravel(), minlength=count) > 1).any():
        raise fitted.damaged("its tree has a node with two parents")
    if ((nodes.features[asks] < 0) | (nodes.features[asks] >= n_features)).any():
        raise fitted.damaged("its tree asks for a feature that is not there")
    if np.isnan(nodes.thresholds[asks]).any() or not np.isfinite(nodes.held[~asks]).all():
        raise fitted.damaged("its tree holds what is no number")
    if _depth(nodes) > _DEEPEST:
        raise fitted.refusal(f"its tree is more than {_DEEPEST} levels deep")
    return nodes


def joined(trees: Sequence[Nodes], *, single: bool) -> tuple[Trees, NDArray[np.float64]]:
    """Trees that were checked, and what their leaves hold: each different row of it once."""
    asks = [nodes.left >= 0 for nodes in trees]
    if len({nodes.held.shape[1] for nodes in trees}) > 1:
        raise UnreadableModelError("The trees of the forest do not hold the same classes.")
    n_asking = sum(int(each.sum()) for each in asks)
    held = np.concatenate([nodes.held[~each] for nodes, each in zip(trees, asks, strict=True)])
    different, leaf_places = _different(held)
    numbers = _numbers(asks, leaf_places + n_asking)
    features = _of_asking([nodes.features for nodes in trees], asks)
    columns, places = np.unique(features, return_inverse=True)
    set_of, sets = _sets(trees, asks)
    return Trees(
        roots=np.array([each[0] for each in numbers], dtype=np.int32),
        columns=columns.astype(np.int64),
        features=places.reshape(-1).astype(np.int32),
        thresholds=_of_asking([nodes.thresholds for nodes in trees], asks),
        children=_children(trees, asks, numbers),
        missing_left=_of_asking([nodes.missing_left for nodes in trees], asks),
        set_of=set_of,
        sets=sets,
        single=single,
    ), different


def _depth(nodes: Nodes) -> int:
    """Levels of a tree in which each node has one parent."""
    depth, level = 0, np.zeros(1, dtype=np.int64)
    while len(level) and depth <= _DEEPEST:
        depth += 1
        level = level[nodes.left[level] >= 0]
        level = np.concatenate([nodes.left[level], nodes.right[level]])
    return depth


def _different(held: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    held = np.ascontiguousarray(held)
    as_bytes = held.view(np.dtype((np.void, held.shape[1] * held.itemsize))).ravel()
    _, first, places = np.unique(as_bytes, return_index=True, return_inverse=True)
    return held[first], places.reshape(-1).astype(np.int64)


def _numbers(asks: list[NDArray[np.bool_]], leaves: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The new number of each node of each tree."""
    numbers, asked, ended = [], 0, 0
    for each in asks:
        new = np.empty(len(each), dtype=np.int64)
        n_asking = int(each.sum())
        n_leaves = len(each) - n_asking
        new[each] = np.arange(asked, asked + n_asking)
        new[~each] = leaves[ended : ended + n_leaves]
        asked, ended = asked + n_asking, ended + n_leaves
        numbers.append(new)
    return numbers


def _children(
    trees: Sequence[Nodes], asks: list[NDArray[np.bool_]], numbers: list[NDArray[np.int64]]
) -> NDArray[np.int32]:
    both = [
        np.stack([new[nodes.left[each]], new[nodes.right[each]]], axis=1)
        for nodes, each, new in zip(trees, asks, numbers, strict=True)
    ]
    return np.concatenate(both).ravel().astype(np.int32)


def _of_asking(arrays: Sequence[NDArray[_Kind]], asks: list[NDArray[np.bool_]]) -> NDArray[_Kind]:
    return np.concatenate([array[each] for array, each in zip(arrays, asks, strict=True)])


def _sets(
    trees: Sequence[Nodes], asks: list[NDArray[np.bool_]]
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    sets, places, begun = [np.empty((0, _SET_BYTES), np.uint8)], [], 0
    for nodes, each in zip(trees, asks, strict=True):
        own = np.full(int(each.sum()), -1) if nodes.set_of is None else nodes.set_of[each]
        places.append(np.where(own >= 0, own + begun, -1))
        if nodes.sets is not None:
            sets.append(nodes.sets)
            begun += len(nodes.sets)
    whole = np.concatenate(places).astype(np.int32)
    return (whole if (whole >= 0).any() else np.empty(0, np.int32)), np.concatenate(sets)

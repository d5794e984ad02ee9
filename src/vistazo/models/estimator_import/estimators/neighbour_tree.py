"""The k-d tree or ball tree of a nearest neighbours' classifier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.values import Record
from vistazo.models.plan.distances import DensePoints
from vistazo.models.plan.space import Balls, Bounds, Boxes, Space

_FIELDS = ("idx_start", "idx_end", "is_leaf", "radius")
_POWERS = {"euclidean": 2.0, "manhattan": 1.0, "chebyshev": float("inf")}


def space_of(fitted: Fitted, points: DensePoints) -> Space | None:
    """None where it looked through all samples. Raises UnreadableModelError."""
    tree = fitted.get("_tree")
    if not isinstance(tree, Record) or points.by_products:
        return None
    arrays = _arrays(fitted, tree.state)
    order, nodes, bounds = arrays
    begins, ends, is_leaf = (nodes[name].astype(np.int64) for name in _FIELDS[:3])
    count = len(nodes)
    if not np.array_equal(np.sort(order), np.arange(points.n_points)) or bounds.shape[1] != count:
        raise fitted.damaged("its tree is not that of its samples")
    if ((begins < 0) | (ends > points.n_points)).any() or not count:
        raise fitted.damaged("its tree holds samples that are not there")
    if (2 * np.flatnonzero(is_leaf == 0) + 2 >= count).any():
        raise fitted.damaged("its tree has nodes that are not there")
    return Space(
        order.astype(np.int64),
        begins,
        ends,
        is_leaf.astype(np.bool_),
        _bounds(fitted, points, bounds, nodes["radius"].astype(np.float64)),
    )


def _arrays(
    fitted: Fitted, state: object
) -> tuple[NDArray[np.int64], NDArray[np.void], NDArray[np.float64]]:
    """The order of the samples, the nodes, and what surrounds them."""
    found = state[1:4] if isinstance(state, tuple) else ()
    if len(found) != 3 or not all(isinstance(each, np.ndarray) for each in found):
        raise fitted.damaged("its tree is not there")
    order, nodes, bounds = found
    is_plain = order.ndim == nodes.ndim == 1 and order.dtype.kind in "iu"
    if not is_plain or not set(nodes.dtype.names or ()) >= set(_FIELDS):
        raise fitted.damaged("its tree has nodes of an unknown kind")
    if any(nodes[name].ndim != 1 or nodes[name].dtype.kind not in "iuf" for name in _FIELDS):
        raise fitted.damaged("its tree has nodes of an unknown kind")
    if bounds.ndim != 3 or bounds.dtype.kind != "f" or not np.isfinite(bounds).all():
        raise fitted.damaged("its tree has no bounds")
    return order, nodes, bounds


def _bounds(
    fitted: Fitted, points: DensePoints, bounds: NDArray[np.float64], radii: NDArray[np.float64]
) -> Bounds:
    if bounds.shape[2] != len(points.by_column) or not np.isfinite(radii).all():
        raise fitted.damaged("its tree has other columns than its samples")
    if len(bounds) == 2:
        power = _POWERS.get(points.metric, points.power)
        return Boxes(bounds[0].astype(np.float64), bounds[1].astype(np.float64), power)
    if len(bounds) != 1:
        raise fitted.damaged("its tree has no bounds")
    centres = np.ascontiguousarray(bounds[0].T, dtype=np.float64)
    return Balls(
        DensePoints(centres, points.metric, points.power, points.weights, by_products=False), radii
    )

"""How much an estimator makes of each column: ``coef_`` or ``feature_importances_``."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.fitted import Fitted

_Row = NDArray[np.float64]
_TREES = ("DecisionTree", "ExtraTree")
_FORESTS = ("RandomForest", "ExtraTrees")
_FIRST_WEIGHED = (0, 22)
_MOST_COLUMNS = 1 << 23  # as the widest texts have: 64 MiB
_FIELDS = {"left_child", "right_child", "feature", "impurity", "weighted_n_node_samples"}


def importances(fitted: Fitted, order: float) -> _Row:
    """Of each column at least 0: the norm of its coefficients, or the share of what its splits
    tidied up (Breiman et al. 1984). Raises ModelError where it has neither.
    """
    if fitted.has("coef_"):
        found = np.atleast_1d(fitted.array("coef_"))
        if found.ndim > 2 or not found.size:
            raise fitted.damaged("its coef_ are no table")
        return np.abs(found) if found.ndim == 1 else np.linalg.norm(found, axis=0, ord=order)
    kind = fitted.class_name.removesuffix("Classifier").removesuffix("Regressor")
    if kind in _TREES:
        return _shares(_of_tree(fitted))
    if kind in _FORESTS:
        trees = fitted.children("estimators_")
        return _mean(fitted, (_shares(_of_tree(tree)) for tree in trees))
    if kind == "GradientBoosting" and fitted.version >= _FIRST_WEIGHED:
        return _mean(fitted, (_of_tree(tree) for tree in fitted.children("estimators_")))
    raise fitted.refusal("what it makes of each column is not known here")


def _mean(fitted: Fitted, of_trees: Iterable[_Row]) -> _Row:
    """Of the trees that have a split, as shares: one after the other, of texts they are long."""
    total: _Row | None = None
    for found in of_trees:
        if total is not None and len(found) != len(total):
            raise fitted.damaged("its trees do not fit each other")
        total = found if total is None else total + found
    if total is None:
        raise fitted.unfitted("estimators_")
    return _shares(total)


def _shares(found: _Row) -> _Row:
    return found / found.sum() if found.sum() > 0 else found


def _of_tree(fitted: Fitted) -> _Row:
    """What the samples lose of their impurity at the splits of each column."""
    nodes = fitted.child("tree_").raw_array("nodes", n_axes=1)
    if not set(nodes.dtype.names or ()) >= _FIELDS or not len(nodes):
        raise fitted.damaged("its nodes are not those of a tree")
    splits = np.flatnonzero(nodes["left_child"] >= 0)
    left, right, columns = (
        nodes[name][splits].astype(np.int64) for name in ("left_child", "right_child", "feature")
    )
    n_columns = _n_columns(fitted)
    places = np.concatenate([left, right])
    if ((places < 0) | (places >= len(nodes))).any() or (
        (columns < 0) | (columns >= n_columns)
    ).any():
        raise fitted.damaged("its tree has a child or a column that is not there")
    weights = nodes["weighted_n_node_samples"].astype(np.float64)
    spread = weights * nodes["impurity"]
    found = np.bincount(columns, spread[splits] - spread[left] - spread[right], n_columns)
    if not np.isfinite(found).all() or not weights[0] > 0:
        raise fitted.damaged("its tree holds what is no number")
    return np.asarray(found / weights[0])


def _n_columns(fitted: Fitted) -> int:
    for name in ("n_features_in_", "n_features_"):
        if fitted.has(name):
            found = fitted.integer(name)
            if 0 < found <= _MOST_COLUMNS:
                return found
    raise fitted.damaged("it does not say how many numbers it takes")

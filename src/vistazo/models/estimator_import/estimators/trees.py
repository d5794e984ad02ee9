"""Decision trees and forests of them: sklearn.tree, sklearn.ensemble."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.estimators.class_places import classes_of
from vistazo.models.estimator_import.estimators.tree_nodes import Nodes, checked, joined
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.plan.forest import Forest

TREES = ("DecisionTreeClassifier", "ExtraTreeClassifier")
_FIELDS = {"left_child", "right_child", "feature", "threshold"}


@classifier(*TREES)
def decision_tree(fitted: Fitted, importing: Importing) -> Forest:
    """The shares of the classes among the training samples of a row's leaf."""
    importing.tell(fitted)
    return forest_of(fitted, [tree_nodes(fitted)], len(classes_of(fitted)))


@classifier("RandomForestClassifier", "ExtraTreesClassifier")
def forest(fitted: Fitted, importing: Importing) -> Forest:
    """The mean of the trees' shares (not the majority of their votes)."""
    trees = fitted.children("estimators_")
    if not trees:
        raise fitted.unfitted("estimators_")
    importing.tell(fitted, f"{len(trees)} trees")
    return forest_of(fitted, [tree_nodes(each) for each in trees], len(classes_of(fitted)))


def tree_nodes(fitted: Fitted) -> Nodes:
    """Of a decision tree, a classifier's or a regressor's: checked. ``held`` is as it was stored.

    The layout of ``nodes`` is that of a struct, which grew: fields are taken by name. Their values
    are counts, or, from 1.3 on, shares.
    """
    tree = fitted.child("tree_")
    nodes = tree.raw_array("nodes", n_axes=1)
    values = tree.array("values", n_axes=3)
    if not set(nodes.dtype.names or ()) >= _FIELDS:
        raise fitted.damaged("its nodes are not those of a tree")
    count = tree.integer("node_count", len(nodes))
    if not 0 < count <= min(len(nodes), len(values)):
        raise fitted.damaged("its nodes are not as many as it says")
    if values.shape[1] != 1:
        raise fitted.refusal("it answers several questions at once (multi-output)")
    return checked(fitted, _nodes(fitted, nodes[:count], values[:count, 0]), _n_features(fitted))


def _nodes(fitted: Fitted, nodes: NDArray[np.void], held: NDArray[np.float64]) -> Nodes:
    found = {name: nodes[name] for name in _FIELDS}
    if any(each.ndim != 1 or each.dtype.kind not in "iuf" for each in found.values()):
        raise fitted.damaged("its nodes are not those of a tree")
    left = found["left_child"].astype(np.int64)
    missing = np.zeros(len(nodes), dtype=np.bool_)
    if "missing_go_to_left" in (nodes.dtype.names or ()):
        missing = nodes["missing_go_to_left"].astype(np.bool_)
    return Nodes(
        features=found["feature"].astype(np.int64),
        thresholds=found["threshold"].astype(np.float64),
        left=np.where(left < 0, -1, left),
        right=found["right_child"].astype(np.int64),
        missing_left=missing,
        held=held,
    )


def _n_features(fitted: Fitted) -> int:
    """Of a tree; where it does not say, what its nodes were made for."""
    for name in ("n_features_in_", "n_features_", "n_features"):
        if fitted.has(name):
            return fitted.integer(name)
    made_with = fitted.child("tree_").record.arguments
    if made_with and isinstance(made_with[0], (int, np.integer)):
        return int(made_with[0])
    raise fitted.unfitted("n_features_in_")


def forest_of(fitted: Fitted, nodes: list[Nodes], n_classes: int) -> Forest:
    if any(each.held.shape[1] != n_classes for each in nodes):
        raise fitted.damaged("its trees have other classes than it")
    trees, held = joined(nodes, single=True)
    return Forest(trees, shares(fitted, held))


def shares(fitted: Fitted, held: NDArray[np.float64]) -> NDArray[np.float64]:
    """What leaves hold (leaves, k), divided by their sum."""
    sums = held.sum(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        found = held / np.where(sums == 0, 1, sums)
    if not np.isfinite(found).all():
        raise fitted.damaged("its trees hold what is no number")
    return np.asarray(found)


def with_places(nodes: Nodes, places: NDArray[np.int64], n_classes: int) -> Nodes:
    """What its leaves hold, among all ``n_classes``, as shares: not all trees know all of them."""
    if len(places) != nodes.held.shape[1]:
        return nodes
    sums = nodes.held.sum(axis=1, keepdims=True)
    held = np.zeros((len(nodes.held), n_classes))
    held[:, places] = nodes.held / np.where(sums == 0, 1, sums)
    return replace(nodes, held=held)


def with_columns(fitted: Fitted, nodes: Nodes, columns: NDArray[np.int64]) -> Nodes:
    """Of a tree that saw these columns alone."""
    asked = np.where(nodes.left >= 0, nodes.features, 0)
    if not len(columns) or asked.max() >= len(columns):
        raise fitted.damaged("a tree asks for a column that it does not see")
    return replace(nodes, features=columns[asked])

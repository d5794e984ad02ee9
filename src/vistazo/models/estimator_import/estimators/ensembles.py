"""Estimators that decide together: votes, bagging and stacking of sklearn.ensemble."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.estimators.class_places import classes_of, places_of
from vistazo.models.estimator_import.estimators.trees import (
    TREES,
    forest_of,
    tree_nodes,
    with_columns,
    with_places,
)
from vistazo.models.estimator_import.fitted import Fitted, is_text
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.plan.forest import Forest
from vistazo.models.plan.operation import Decider
from vistazo.models.plan.stacked import Stacked
from vistazo.models.plan.votes import Mean, Vote

_METHODS = ("predict_proba", "decision_function", "predict")
_LEFT_OUT = (None, "drop")


@classifier("VotingClassifier")
def voting(fitted: Fitted, importing: Importing) -> Decider:
    """hard: the class of the most (weighted) votes; soft: the weighted mean of probabilities."""
    members = members_of(fitted, "estimators_")
    is_soft = fitted.text("voting", "hard") == "soft"
    importing.tell(fitted, f"{'soft' if is_soft else 'hard'}, {len(members)} members")
    labels = classes_of(fitted)
    weights = _weights(fitted, len(members))
    places = tuple(places_of(member, range(len(labels))) for member in members)
    deciders = tuple(importing.decider(member) for member in members)
    if not is_soft:
        return Vote(deciders, places, weights, len(labels))
    if any(not np.array_equal(each, np.arange(len(labels))) for each in places):
        raise fitted.damaged("its members know other classes than it")
    return Mean(deciders, places, (), weights, len(labels), with_scores=False)


def members_of(fitted: Fitted, *names: str) -> list[Fitted]:
    """Fitted estimators, of which there has to be one."""
    members = fitted.children(*names)
    if not members:
        raise fitted.unfitted(names[0])
    return members


def _weights(fitted: Fitted, n_members: int) -> NDArray[np.float64]:
    """Of the members that were not left out."""
    if not fitted.has("weights"):
        return np.ones(n_members)
    weights = fitted.array("weights", n_axes=1)
    named = fitted.get("estimators")
    if len(weights) != n_members and isinstance(named, list) and len(named) == len(weights):
        weights = weights[[not _is_left_out(each) for each in named]]
    if len(weights) != n_members or weights.sum() <= 0 or (weights < 0).any():
        raise fitted.damaged("it has no weight for each member")
    return weights


def _is_left_out(named: object) -> bool:
    member = named[1] if isinstance(named, (tuple, list)) and len(named) > 1 else None
    return member is None or (isinstance(member, str) and member in _LEFT_OUT)


@classifier("BaggingClassifier")
def bagging(fitted: Fitted, importing: Importing) -> Decider:
    """The mean of the members' probabilities, each of which sees some columns (Breiman 1996).

    Trees are put together: they are a forest.
    """
    members = members_of(fitted, "estimators_")
    labels = classes_of(fitted)
    importing.tell(fitted, f"{len(members)} of {members[0].class_name}")
    columns = _columns(fitted, len(members))
    places = tuple(places_of(member, range(len(labels))) for member in members)
    if all(member.class_name in TREES for member in members):
        return _forest(fitted, members, columns)
    deciders = tuple(importing.part(member) for member in members)
    return Mean(deciders, places, columns, np.ones(len(members)), len(labels), with_scores=True)


def _forest(
    fitted: Fitted, members: list[Fitted], columns: tuple[NDArray[np.int64], ...]
) -> Forest:
    labels = classes_of(fitted)
    nodes = [
        with_places(tree_nodes(each), places_of(each, range(len(labels))), len(labels))
        for each in members
    ]
    if columns:
        nodes = [with_columns(fitted, *each) for each in zip(nodes, columns, strict=True)]
    return forest_of(fitted, nodes, len(labels))


def _columns(fitted: Fitted, n_members: int) -> tuple[NDArray[np.int64], ...]:
    """Those that each member sees; none where each sees all, in order."""
    n_features = fitted.integer("n_features_in_" if fitted.has("n_features_in_") else "n_features_")
    found = fitted.get("estimators_features_")
    if isinstance(found, np.ndarray):
        found = list(found)
    if not isinstance(found, list) or len(found) != n_members:
        raise fitted.unfitted("estimators_features_")
    columns = tuple(_indices(fitted, each, n_features) for each in found)
    whole = all(
        len(each) == n_features and np.array_equal(each, np.arange(len(each))) for each in columns
    )
    return () if whole else columns


def _indices(fitted: Fitted, found: object, n_features: int) -> NDArray[np.int64]:
    columns = fitted.one_axis(found, "estimators_features_", "iu")
    if ((columns < 0) | (columns >= n_features)).any():
        raise fitted.damaged("its estimators_features_ are not all there")
    return columns.astype(np.int64)


@classifier("StackingClassifier")
def stacking(fitted: Fitted, importing: Importing) -> Stacked:
    """``final_estimator_`` decides by what the members say."""
    members = members_of(fitted, "estimators_")
    methods = fitted.get("stack_method_")
    if not isinstance(methods, (list, tuple)) or len(methods) != len(members):
        raise fitted.unfitted("stack_method_")
    if not all(is_text(each, *_METHODS) for each in methods):
        raise fitted.damaged("its stack_method_ are unknown")
    importing.tell(fitted, f"{len(members)} members")
    deciders = tuple(importing.decider(member) for member in members)
    final = importing.decider(fitted.child("final_estimator_"))
    if final.n_classes != len(classes_of(fitted)):
        raise fitted.damaged("its final estimator knows other classes than it")
    return Stacked(
        deciders,
        tuple(str(each) for each in methods),
        tuple(map(_numbers, members, methods)),
        fitted.flag("passthrough", default=False),
        final,
    )


def _numbers(member: Fitted, method: str) -> NDArray[np.float64]:
    """The classes of a member that says one of them, as the numbers that they are then."""
    if method != "predict":
        return np.empty(0)
    labels = classes_of(member)
    if any(isinstance(label, str) for label in labels):
        raise member.refusal("it says a text, where a number is needed")
    return np.array(labels, dtype=np.float64)

"""Gradient boosting: sklearn.ensemble.GradientBoostingClassifier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.estimators.class_places import classes_of
from vistazo.models.estimator_import.estimators.tree_nodes import joined
from vistazo.models.estimator_import.estimators.trees import tree_nodes
from vistazo.models.estimator_import.fitted import Fitted, is_text
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.estimator_import.values import Record
from vistazo.models.plan.forest import Boosted, BoostLink, as_sums
from vistazo.models.plan.operation import Decider

_LOSSES = ("deviance", "log_loss", "exponential")
# From here on its losses are those of sklearn._loss: zero is the second class, and the first sums
# of many classes are centred.
_NEW_LOSSES = (1, 4)
_FINE_CLIP = (1, 8)
# Before this, the first estimator gave sums, not probabilities.
_FIRST_PROBABILITIES = (0, 21)


@classifier("GradientBoostingClassifier")
def gradient_boosting(fitted: Fitted, importing: Importing) -> Boosted:
    """``init + learning_rate * sum of the trees`` (Friedman 2001)."""
    n_classes = len(classes_of(fitted))
    n_sums = 1 if n_classes == 2 else n_classes
    members = fitted.children("estimators_")
    if n_classes == 1 or not members or len(members) % n_sums:
        raise fitted.damaged("its trees do not fit its classes")
    importing.tell(fitted, f"{len(members)} trees")
    nodes = [tree_nodes(each) for each in members]
    if any(each.held.shape[1] != 1 for each in nodes):
        raise fitted.damaged("its trees hold more than one number")
    trees, held = joined(nodes, single=True)
    start, first = _start(fitted, importing, n_sums)
    is_new = fitted.version >= _NEW_LOSSES
    return Boosted(
        trees=trees,
        amounts=held[:, 0] * fitted.number("learning_rate"),
        start=start,
        link=link_of(fitted, n_sums),
        tie=int(is_new or is_text(fitted.get("loss"), "exponential")),
        first=first,
        centred=is_new,
        smallest=_smallest(fitted),
    )


def link_of(fitted: Fitted, n_sums: int) -> BoostLink:
    loss = fitted.text("loss", "deviance")
    if loss not in _LOSSES:
        raise fitted.refusal(f"its loss '{loss[:40]}' is not known here")
    if loss == "exponential":
        if n_sums > 1:
            raise fitted.damaged("its loss is for two classes only")
        return "twice"
    return "logistic" if n_sums == 1 else "softmax"


def _smallest(fitted: Fitted) -> float:
    """How far from 0 and 1 the first probabilities are kept."""
    kind = np.float64 if fitted.version >= _FINE_CLIP else np.float32
    return float(np.finfo(kind).eps)


def _start(
    fitted: Fitted, importing: Importing, n_sums: int
) -> tuple[NDArray[np.float64], Decider | None]:
    """The sums that it begins with, or the estimator that they come of."""
    init = fitted.get("init_")
    if is_text(init, "zero"):
        return np.zeros(n_sums), None
    if not isinstance(init, Record):
        raise fitted.unfitted("init_")
    first = fitted.child("init_")
    if first.class_name == "ZeroEstimator":
        return np.zeros(n_sums), None
    if first.class_name in _CONSTANT_SUMS:
        return _sized(first, first.array(_CONSTANT_SUMS[first.class_name]), n_sums), None
    if fitted.version < _FIRST_PROBABILITIES:
        raise fitted.refusal("it begins with an estimator of its own")
    return _of_first(fitted, importing, first, n_sums)


# Before 0.21: what an estimator holds that gives the same sums for all.
_CONSTANT_SUMS = {
    "PriorProbabilityEstimator": "priors",
    "LogOddsEstimator": "prior",
    "ScaledLogOddsEstimator": "prior",
}


def _of_first(
    fitted: Fitted, importing: Importing, first: Fitted, n_sums: int
) -> tuple[NDArray[np.float64], Decider | None]:
    is_new = fitted.version >= _NEW_LOSSES
    if first.class_name == "DummyClassifier" and is_text(first.get("strategy"), "prior"):
        prior = _sized(first, first.array("class_prior_"), 2 if n_sums == 1 else n_sums)
        return as_sums(prior[None], link_of(fitted, n_sums), _smallest(fitted), centred=is_new)[
            0
        ], None
    decider = importing.decider(first)
    if decider.n_classes != (2 if n_sums == 1 else n_sums):
        raise fitted.damaged("its first estimator has other classes than it")
    return np.zeros(n_sums), decider


def _sized(fitted: Fitted, found: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    if found.size != size:
        raise fitted.damaged("it does not begin with one number for each class")
    return found.reshape(size)

"""sklearn.ensemble.AdaBoostClassifier (Freund and Schapire 1997; SAMME: Zhu et al. 2009)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.estimators.class_places import classes_of, places_of
from vistazo.models.estimator_import.estimators.ensembles import members_of
from vistazo.models.estimator_import.estimators.tree_nodes import joined
from vistazo.models.estimator_import.estimators.trees import TREES, shares, tree_nodes
from vistazo.models.estimator_import.fitted import Fitted, is_text
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.plan.operation import Decider
from vistazo.models.plan.votes import AdaBoost, AdaBoostedTrees, real_votes

# From here on a SAMME vote also counts against the other classes.
_AGAINST_OTHERS = (1, 3)
# From here on its probabilities come of the decision values, not of the members' probabilities.
_OF_DECISIONS = (0, 22)


@classifier("AdaBoostClassifier")
def adaboost(fitted: Fitted, importing: Importing) -> Decider:
    """The class of the largest weighted sum. Since 1.6 there is no SAMME.R any more."""
    members = members_of(fitted, "estimators_")
    labels = classes_of(fitted)
    importing.tell(fitted, f"{len(members)} of {members[0].class_name}")
    weights = fitted.array("estimator_weights_", n_axes=1)
    if len(weights) < len(members) or weights.sum() <= 0 or len(labels) < 2:
        raise fitted.damaged("it has no weight for each member")
    real = is_text(fitted.get("algorithm"), "SAMME.R")
    whole = all(np.array_equal(places_of(each, labels), np.arange(len(labels))) for each in members)
    if not whole:
        raise fitted.refusal("a member knows fewer classes than it")
    if all(member.class_name in TREES for member in members):
        return _of_trees(fitted, members, weights)
    return AdaBoost(
        members=tuple(importing.part(member) for member in members),
        weights=weights[: len(members)] if not real else np.ones(len(members)),
        total=float(weights.sum()),
        others=_others(fitted, len(labels)),
        real=real,
        of_means=_is_of_means(fitted),
        n_classes=len(labels),
    )


def _of_trees(
    fitted: Fitted, members: list[Fitted], weights: NDArray[np.float64]
) -> AdaBoostedTrees:
    trees, held = joined([tree_nodes(each) for each in members], single=True)
    n_classes = len(classes_of(fitted))
    if held.shape[1] != n_classes:
        raise fitted.damaged("its trees have other classes than it")
    chances = shares(fitted, held)
    real = is_text(fitted.get("algorithm"), "SAMME.R")
    predicted = np.eye(n_classes, dtype=np.bool_)[held.argmax(axis=1)]
    votes = np.where(predicted, 1.0, _others(fitted, n_classes))
    return AdaBoostedTrees(
        trees=trees,
        votes=real_votes(chances) if real else votes,
        chances=chances if _is_of_means(fitted) else np.empty((0, n_classes)),
        weights=np.ones(len(members)) if real else weights[: len(members)],
        total=float(weights.sum()),
    )


def _others(fitted: Fitted, n_classes: int) -> float:
    return -1 / (n_classes - 1) if fitted.version >= _AGAINST_OTHERS else 0.0


def _is_of_means(fitted: Fitted) -> bool:
    return not is_text(fitted.get("algorithm"), "SAMME.R") and fitted.version < _OF_DECISIONS

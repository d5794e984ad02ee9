"""The columns that a model makes most of: sklearn.feature_selection.SelectFromModel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.estimators.importances import importances
from vistazo.models.estimator_import.estimators.selection import kept
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, transformer
from vistazo.models.plan.selection import Columns

_Row = NDArray[np.float64]
_FIRST_BY_RATIO = (1, 8)
_FIRST_WITHOUT_TRANSFORM = (0, 19)
_GETTERS = ("auto", "coef_", "feature_importances_")


@transformer("SelectFromModel")
def select_from_model(fitted: Fitted, importing: Importing) -> Columns:
    """Importances of at least the threshold; with ``max_features`` so many of the highest, of
    equal ones the first.
    """
    model = fitted.child("estimator_" if fitted.has("estimator_") else "estimator")
    if fitted.word("importance_getter", "auto") not in _GETTERS:
        raise fitted.refusal("it takes importances from elsewhere than the model's own")
    scores = importances(model, fitted.number("norm_order", 1))
    mask = scores >= _threshold(fitted, model, scores)
    most = fitted.get("max_features_", "max_features")
    if isinstance(most, (int, np.integer)):
        highest = np.argsort(-scores, kind="mergesort")[: max(0, int(most))]
        mask[np.setdiff1d(np.arange(len(scores)), highest)] = False
    elif most is not None:
        raise fitted.refusal("its max_features is a function")
    return kept(fitted, importing, mask)


@transformer(
    "LinearSVC",
    "LogisticRegression",
    "SGDClassifier",
    "Perceptron",
    "DecisionTreeClassifier",
    "ExtraTreeClassifier",
    "RandomForestClassifier",
    "ExtraTreesClassifier",
)
def selecting_model(fitted: Fitted, importing: Importing) -> Columns:
    """Until 0.18 such a model could be a step that selects, by the same rule."""
    if fitted.version >= _FIRST_WITHOUT_TRANSFORM:
        raise fitted.refusal("it is a classifier, and other steps come after it")
    scores = importances(fitted, 1)
    return kept(fitted, importing, scores >= _threshold(fitted, fitted, scores))


def _threshold(fitted: Fitted, model: Fitted, scores: _Row) -> float:
    said = fitted.word("threshold")
    if fitted.has("threshold") and not said:
        return fitted.number("threshold")
    if not said and _is_sparse_by_penalty(model):
        return 1e-5
    scale, _, reference = (said or "mean").rpartition("*")
    if reference.strip() not in ("mean", "median"):
        raise fitted.refusal(f"its threshold '{said[:40]}' is not known here")
    middle = np.mean(scores) if reference.strip() == "mean" else np.median(scores)
    try:
        return float(scale or 1) * float(middle)
    except ValueError as error:
        raise fitted.damaged("its threshold is no number") from error


def _is_sparse_by_penalty(model: Fitted) -> bool:
    """Whether its penalty is L1, which leaves columns out."""
    if model.word("penalty") == "l1" or "Lasso" in model.class_name:
        return True
    ratio = model.get("l1_ratio_", "l1_ratio")
    is_by_ratio = "ElasticNet" in model.class_name or (
        model.class_name.startswith("LogisticRegression") and model.version >= _FIRST_BY_RATIO
    )
    return is_by_ratio and isinstance(ratio, (int, float, np.number)) and bool(ratio == 1)

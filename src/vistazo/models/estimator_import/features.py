"""What a sample is: texts, or how many numbers, and their names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vistazo.models.estimator_import.estimators.columns import parts_of_columns
from vistazo.models.estimator_import.estimators.composition import first_of, parts_of, steps_of
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.values import Record, SparseArray

_OF_TEXTS = ("CountVectorizer", "TfidfVectorizer", "HashingVectorizer")
# Where versions before 0.24 show how many numbers they take; of the last axis of each.
_SHAPED = (
    "xbar_",
    "coef_",
    "support_vectors_",
    "feature_log_prob_",
    "theta_",
    "means_",
    "components_",
    "scale_",
    "mean_",
    "std_",
    "scores_",
    "variances_",
    "_fit_X",
    "max_abs_",
    "center_",
    "statistics_",
    "lambdas_",
    "n_bins_",
    "centroids_",
    "quantiles_",
    "support_",
)
_COUNTED = ("n_features_in_", "n_features_", "n_features", "_n_features", "n_input_features_")
# A list with an entry for each of them.
_LISTED = ("categories_", "bin_edges_", "n_values_", "_n_values_")
# Their n_features_ are as many as they keep.
_COUNT_KEPT = ("RFE", "RFECV")
_IN_CHILDREN = (
    "estimators_",
    "base_estimator_",
    "estimator_",
    "calibrated_classifiers_",
    "estimator",
    "base_estimator",
)
_AXES = (1, 2)
_MISSING_SINCE = {
    "DecisionTreeClassifier": (1, 3),
    "RandomForestClassifier": (1, 4),
    "ExtraTreeClassifier": (1, 6),
    "ExtraTreesClassifier": (1, 6),
}
# What learns nothing of its columns, and gives as many as it is given.
_OF_ANY_WIDTH = ("FunctionTransformer", "Normalizer", "Binarizer")
# Since 0.20 these leave what is missing as it is.
_PASS_MISSING = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler")
_MISSING = ("SimpleImputer", "Imputer", "HistGradientBoostingClassifier")


def takes_texts(steps: Sequence[Fitted]) -> bool:
    """Whether the first of these makes numbers of texts."""
    if not steps:
        return False
    first = first_of(steps[0])
    if first.class_name in _OF_TEXTS:
        return True
    parts = parts_of(first) or _members(first)
    return bool(parts) and all(takes_texts([part]) for part in parts)


def _members(fitted: Fitted) -> list[Fitted]:
    """The estimators that decide together in this one, each of the samples themselves."""
    for name in _IN_CHILDREN:
        value = fitted.get(name)
        if isinstance(value, Record):
            return [fitted.child(name)]
        if isinstance(value, (list, tuple)) and value:
            return fitted.children(name)
    return []


def n_features(steps: Sequence[Fitted]) -> int:
    """How many numbers the first takes. Raises ModelError where that cannot be found out."""
    for step in steps:
        found = _n_features(step)
        if found is not None:
            return found
        if step.class_name not in _OF_ANY_WIDTH:
            break
    raise steps[0].unfitted("n_features_in_")


def _n_features(fitted: Fitted) -> int | None:
    for name in _COUNTED[:1] if fitted.class_name in _COUNT_KEPT else _COUNTED:
        value = fitted.get(name)
        if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value > 0:
            return int(value)
    for name in _SHAPED:
        if fitted.has(name):
            value = fitted.get(name)
            shape: tuple[int, ...] = (
                value.shape if isinstance(value, (np.ndarray, SparseArray)) else ()
            )
            if len(shape) in _AXES and shape[-1] > 0:
                return int(shape[-1])
    return _of_lists(fitted) or _of_children(fitted)


def _of_lists(fitted: Fitted) -> int | None:
    """Encoders and networks: a list of what belongs to each column, or to each layer."""
    for name in _LISTED:
        value = fitted.get(name)
        if isinstance(value, (list, tuple, np.ndarray)) and len(value):
            return len(value)
    layers = fitted.get("coefs_")
    first = layers[0] if isinstance(layers, (list, tuple)) and layers else None
    return len(first) if isinstance(first, np.ndarray) and first.ndim == _AXES[1] else None


def _of_children(fitted: Fitted) -> int | None:
    for name in _IN_CHILDREN:
        value = fitted.get(name)
        if not fitted.has(name) or (isinstance(value, (list, np.ndarray)) and not len(value)):
            continue
        is_many = isinstance(value, (list, tuple, np.ndarray))
        child = fitted.children(name)[0] if is_many else fitted.child(name)
        return _n_features(first_of(child))
    return None


def allows_missing(steps: Sequence[Fitted]) -> bool:
    """Whether a number of a row may be missing: the first that is more than a scale takes it."""
    for step in steps:
        if _takes_missing(step):
            return True
        if step.class_name not in _PASS_MISSING:
            return False
    return False


def _takes_missing(fitted: Fitted) -> bool:
    if fitted.class_name == "ColumnTransformer":
        return any(allows_missing(steps_of(part)) for part in parts_of_columns(fitted))
    since = _MISSING_SINCE.get(fitted.class_name)
    return fitted.class_name in _MISSING or (since is not None and fitted.version >= since)


def feature_names(steps: Sequence[Fitted]) -> tuple[str, ...]:
    """Those of the columns that it was fitted on, where it was fitted on named ones (1.0)."""
    first = steps[0]
    if not first.has("feature_names_in_"):
        return ()
    names = first.raw_array("feature_names_in_", n_axes=1)
    return tuple(str(name) for name in names)

"""Gradient boosting over histograms: sklearn.ensemble.HistGradientBoostingClassifier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.estimators.class_places import classes_of
from vistazo.models.estimator_import.estimators.tree_nodes import Nodes, checked, joined
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.plan.categories import CategoryPlaces
from vistazo.models.plan.forest import Boosted
from vistazo.models.plan.operation import Decider

_FIELDS = {"value", "feature_idx", "left", "right", "is_leaf"}
_N_CODES = 256


@classifier("HistGradientBoostingClassifier")
def histogram_boosting(fitted: Fitted, importing: Importing) -> Decider:
    """``baseline + sum of the trees``: the learning rate is in the leaves already. Numbers are not
    rounded to float32. From 1.4 on categories are numbered first, and come before other columns.
    """
    n_classes = len(classes_of(fitted))
    n_sums = 1 if n_classes == 2 else n_classes
    members = _predictors(fitted, n_sums)
    if n_classes == 1 or not members:
        raise fitted.damaged("its trees do not fit its classes")
    importing.tell(fitted, f"{len(members)} trees")
    known, n_features = _known_categories(fitted), _n_features(fitted)
    trees, held = joined([_nodes(each, n_features, known) for each in members], single=False)
    boosted = Boosted(
        trees=trees,
        amounts=held[:, 0],
        start=_baseline(fitted, n_sums),
        link="logistic" if n_sums == 1 else "softmax",
        tie=0,
        first=None,
        centred=False,
        smallest=0.0,
    )
    return _encoded(fitted, boosted) if fitted.has("_preprocessor") else boosted


def _predictors(fitted: Fitted, n_sums: int) -> list[Fitted]:
    """The trees of all rounds, in the order in which they were grown."""
    rounds = fitted.get("_predictors")
    if not isinstance(rounds, list):
        raise fitted.unfitted("_predictors")
    if any(not isinstance(each, (list, tuple)) or len(each) != n_sums for each in rounds):
        raise fitted.damaged("its trees do not fit its classes")
    return [fitted.fitted(each, "_predictors") for one in rounds for each in one]


def _baseline(fitted: Fitted, n_sums: int) -> NDArray[np.float64]:
    """One number before 0.22, then (k, 1), from 1.1 on (1, k)."""
    found = fitted.array("_baseline_prediction").ravel()
    if found.size not in (1, n_sums):
        raise fitted.damaged("its baseline is not one number for each class")
    return np.broadcast_to(found, n_sums).copy()


def _n_features(fitted: Fitted) -> int:
    for name in ("n_features_in_", "_n_features", "n_features_"):
        if fitted.has(name):
            return fitted.integer(name)
    raise fitted.unfitted("n_features_in_")


def _known_categories(fitted: Fitted) -> dict[int, NDArray[np.bool_]]:
    """Which of 256 categories (256,) a feature had in training, of those that are categories."""
    known: dict[int, NDArray[np.bool_]] = {}
    mapper = fitted.child("_bin_mapper", "bin_mapper_")
    if not mapper.has("is_categorical_"):
        return known
    thresholds = mapper.get("bin_thresholds_")
    categorical = np.flatnonzero(mapper.raw_array("is_categorical_", n_axes=1))
    for feature in categorical:
        if not isinstance(thresholds, list) or feature >= len(thresholds):
            raise fitted.damaged("its categories are not those of its features")
        codes = mapper.one_axis(thresholds[feature], "bin_thresholds_").astype(np.float64)
        codes = codes[np.isfinite(codes)]
        if ((codes < 0) | (codes >= _N_CODES)).any():
            raise fitted.damaged("it has more categories than there can be")
        known[int(feature)] = np.isin(np.arange(_N_CODES), codes.astype(np.int64))
    return known


def _nodes(fitted: Fitted, n_features: int, known: dict[int, NDArray[np.bool_]]) -> Nodes:
    """Of a TreePredictor."""
    nodes = fitted.raw_array("nodes", n_axes=1)
    names = set(nodes.dtype.names or ())
    threshold = "num_threshold" if "num_threshold" in names else "threshold"
    if not names >= {*_FIELDS, threshold} or not all(_is_numbers(nodes[name]) for name in names):
        raise fitted.damaged("its nodes are not those of a tree")
    is_leaf = nodes["is_leaf"].astype(np.bool_)
    by_set = _flags(nodes, "is_categorical") & ~is_leaf
    found = Nodes(
        features=nodes["feature_idx"].astype(np.int64),
        thresholds=np.where(by_set, 0, nodes[threshold].astype(np.float64)),
        left=np.where(is_leaf, -1, nodes["left"].astype(np.int64)),
        right=nodes["right"].astype(np.int64),
        missing_left=_flags(nodes, "missing_go_to_left"),
        held=nodes["value"].astype(np.float64)[:, None],
    )
    checked(fitted, found, n_features)
    return _with_sets(fitted, found, np.flatnonzero(by_set), known) if by_set.any() else found


def _flags(nodes: NDArray[np.void], name: str) -> NDArray[np.bool_]:
    """All false before there was such a field."""
    if name not in (nodes.dtype.names or ()):
        return np.zeros(len(nodes), dtype=np.bool_)
    return nodes[name].astype(np.bool_)


def _is_numbers(array: NDArray[np.generic]) -> bool:
    return array.ndim == 1 and array.dtype.kind in "iufb"


def _with_sets(
    fitted: Fitted, nodes: Nodes, asking: NDArray[np.int64], known: dict[int, NDArray[np.bool_]]
) -> Nodes:
    """A category that was not known in training goes where a missing number goes."""
    bits = fitted.raw_array("raw_left_cat_bitsets", n_axes=2)
    places = fitted.raw_array("nodes")["bitset_idx"][asking].astype(np.int64)
    if bits.dtype.kind not in "iu" or bits.shape[1] != 8 or (places >= len(bits)).any():
        raise fitted.damaged("its sets of categories are not there")
    words = np.ascontiguousarray(bits.astype("<u4"))
    left = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")[places].astype(np.bool_)
    none = np.zeros(_N_CODES, dtype=np.bool_)
    seen = np.stack([known.get(feature, none) for feature in nodes.features[asking].tolist()])
    unknown = ~left & ~seen
    left |= unknown & nodes.missing_left[asking][:, None]
    set_of = np.full(len(nodes.left), -1, dtype=np.int64)
    set_of[asking] = np.arange(len(asking))
    packed = np.packbits(left, axis=1, bitorder="little")
    return Nodes(
        nodes.features,
        nodes.thresholds,
        nodes.left,
        nodes.right,
        nodes.missing_left,
        nodes.held,
        set_of,
        packed,
    )


def _encoded(fitted: Fitted, boosted: Boosted) -> CategoryPlaces:
    is_category = fitted.raw_array("is_categorical_", n_axes=1).astype(np.bool_)
    encoder = _encoder(fitted)
    if len(is_category) != _n_features(fitted):
        raise fitted.damaged("its categories are not those of its features")
    chosen = np.flatnonzero(is_category)
    categories = encoder.get("categories_")
    if not isinstance(categories, list) or len(categories) != len(chosen):
        raise encoder.damaged("its categories are not those of its features")
    order = np.concatenate([chosen, np.flatnonzero(~is_category)])
    return CategoryPlaces(order, tuple(_numbers(encoder, each) for each in categories), boosted)


def _encoder(fitted: Fitted) -> Fitted:
    """The OrdinalEncoder in its ColumnTransformer."""
    parts = fitted.child("_preprocessor").get("transformers_")
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, tuple) and part[:1] == ("encoder",):
            return fitted.fitted(part[1] if len(part) > 1 else None, "_preprocessor")
    raise fitted.damaged("its _preprocessor has no encoder")


def _numbers(encoder: Fitted, categories: object) -> NDArray[np.float64]:
    """Rising; a missing one, which stands last, is left out."""
    if not isinstance(categories, np.ndarray) or categories.dtype.kind not in "iufb":
        raise encoder.refusal("its categories are no numbers, of which a row consists")
    numbers = categories.ravel().astype(np.float64)
    numbers = numbers[~np.isnan(numbers)]
    if (np.diff(numbers) <= 0).any():
        raise encoder.damaged("its categories are in no order")
    return numbers

"""The nearest samples of training: sklearn.neighbors."""

from __future__ import annotations

from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.estimators.class_places import classes_of
from vistazo.models.estimator_import.estimators.neighbour_tree import space_of
from vistazo.models.estimator_import.fitted import Fitted, is_text
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.estimator_import.values import SparseArray
from vistazo.models.plan.centroids import Discriminant, NearestCentroid
from vistazo.models.plan.distances import DensePoints, Metric, Points, SparsePoints
from vistazo.models.plan.neighbours import Nearest, Ties, Within

_ALIASES = {"l2": "euclidean", "l1": "manhattan", "cityblock": "manhattan", "p": "minkowski"}
_SPARSE = ("euclidean", "cosine", "manhattan")
_OWN_POWERS = {1.0: "manhattan", 2.0: "euclidean", float("inf"): "chebyshev"}
# From here on the nearest of all are kept in a heap; before, distances were partitioned. Those of
# cosine still are, but by a NumPy whose partition depends on the processor: a heap is as good.
_HEAPS, _HEAPS_OF_SPARSE, _HEAPS_OF_COSINE = (1, 1), (1, 2), (1, 5)
# From here on its decisions know the shares of the classes in training.
_WITH_PRIORS = (1, 6)


@classifier("KNeighborsClassifier")
def nearest(fitted: Fitted, importing: Importing) -> Nearest:
    """The classes of the ``n_neighbors`` nearest samples (Fix and Hodges 1951)."""
    points, classes, labels = _trained(fitted)
    n_nearest = fitted.integer("n_neighbors", 5)
    if not 0 < n_nearest <= points.n_points:
        raise fitted.damaged("it has fewer samples than it looks for")
    importing.tell(fitted, f"{n_nearest} of {points.n_points} samples")
    return Nearest(
        points=points,
        classes=classes,
        n_classes=labels,
        n_nearest=n_nearest,
        by_distance=_is_by_distance(fitted),
        ties=_ties(fitted, points),
        space=space_of(fitted, points) if isinstance(points, DensePoints) else None,
    )


@classifier("RadiusNeighborsClassifier")
def within(fitted: Fitted, importing: Importing) -> Within:
    """The classes of the samples that are not farther than ``radius``."""
    points, classes, n_classes = _trained(fitted)
    importing.tell(fitted, f"{points.n_points} samples")
    return Within(
        points=points,
        classes=classes,
        n_classes=n_classes,
        radius=fitted.number("radius", 1.0),
        by_distance=_is_by_distance(fitted),
        outlier=_outlier(fitted),
    )


def _ties(fitted: Fitted, points: Points) -> Ties:
    is_sparse = isinstance(points, SparsePoints)
    is_cosine = isinstance(points, (DensePoints, SparsePoints)) and points.metric == "cosine"
    since = _HEAPS_OF_COSINE if is_cosine else _HEAPS_OF_SPARSE if is_sparse else _HEAPS
    return "heap" if fitted.version >= since else "partition"


def _outlier(fitted: Fitted) -> int:
    found = fitted.get("outlier_label_", "outlier_label")
    if isinstance(found, np.ndarray):
        found = found.ravel().tolist()
    if isinstance(found, (list, tuple)) and len(found) == 1:
        found = found[0]
    if found is None:
        raise fitted.refusal(
            "a row without a sample near it has no answer. Train it with an outlier_label"
        )
    found = found.item() if isinstance(found, np.generic) else found
    labels = classes_of(fitted)
    if not isinstance(found, (str, int, float)) or found not in labels:
        raise fitted.refusal("the label of its outliers is not among its classes")
    return labels.index(found)


def _trained(fitted: Fitted) -> tuple[Points, NDArray[np.int64], int]:
    """The samples of training, the places of their classes, and how many classes there are."""
    labels = classes_of(fitted)
    classes = fitted.raw_array("_y").ravel()
    points = _points(fitted, fitted.get("_fit_X"))
    if classes.dtype.kind not in "iu" or len(classes) != points.n_points:
        raise fitted.damaged("its samples have not one class each")
    if ((classes < 0) | (classes >= len(labels))).any():
        raise fitted.damaged("its samples have classes that are not there")
    return points, classes.astype(np.int64), len(labels)


def _is_by_distance(fitted: Fitted) -> bool:
    weights = fitted.get("weights")
    if weights is None or is_text(weights, "uniform", "distance"):
        return weights == "distance"
    raise fitted.refusal("its weights are a function")


def _metric(fitted: Fitted) -> tuple[Metric, float, NDArray[np.float64]]:
    """Its name, the power, and the weights of the columns."""
    found = fitted.get("effective_metric_", "metric", default="minkowski")
    if not isinstance(found, str):
        raise fitted.refusal("its metric is a function")
    name = _ALIASES.get(found, found)
    said = fitted.get("effective_metric_params_")
    options = said if isinstance(said, dict) else {"p": fitted.get("p", default=2)}
    power = _number(fitted, options.get("p", 2))
    weights = options.get("w")
    columns = np.empty(0) if weights is None else _weights(fitted, weights)
    if name == "wminkowski":
        name, columns = "minkowski", columns**power
    if name == "minkowski" and not len(columns):
        name = _OWN_POWERS.get(power, name)
    if name not in get_args(Metric):
        raise fitted.refusal(f"its metric '{found[:40]}' is not known here")
    return cast("Metric", name), power, columns


def _number(fitted: Fitted, value: object) -> float:
    if isinstance(value, (int, float, np.number)) and value > 0:
        return float(value)
    raise fitted.damaged("the power of its metric is no number above zero")


def _weights(fitted: Fitted, value: object) -> NDArray[np.float64]:
    weights = fitted.one_axis(value, "weights of the metric")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise fitted.damaged("the weights of its metric are below zero")
    return weights.astype(np.float64)


def _points(fitted: Fitted, found: object) -> Points:
    metric, power, weights = _metric(fitted)
    if isinstance(found, SparseArray):
        if metric not in _SPARSE or len(weights):
            raise fitted.refusal(f"its metric '{metric}' is not served for sparse samples")
        return _sparse(fitted, found, metric)
    points = fitted.array("_fit_X", n_axes=2)
    if len(weights) not in (0, points.shape[1]) or not points.size:
        raise fitted.damaged("its samples are not those of its metric")
    is_brute = is_text(fitted.get("_fit_method", default="brute"), "brute")
    by_columns = np.ascontiguousarray(points.T)
    return DensePoints(by_columns, metric, power, weights, is_brute and metric == "euclidean")


def _sparse(fitted: Fitted, found: SparseArray, metric: Metric) -> SparsePoints:
    n_points, n_columns = found.shape
    if not np.isfinite(found.values).all() or not n_points:
        raise fitted.damaged("its samples are not all finite")
    owners = np.repeat(np.arange(n_points), np.diff(found.starts))
    order = np.argsort(found.columns, kind="stable")
    counts = np.bincount(found.columns, minlength=n_columns)
    each = np.abs(found.values) if metric == "manhattan" else found.values**2
    sizes = np.bincount(owners, weights=each, minlength=n_points).astype(np.float64)
    values = found.values
    if metric == "cosine":
        values = values / np.where(sizes == 0, 1, np.sqrt(sizes))[owners]
    return SparsePoints(
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        owners=owners[order],
        values=values[order],
        sizes=sizes,
        metric=metric,
    )


@classifier("NearestCentroid")
def nearest_centroid(fitted: Fitted, importing: Importing) -> NearestCentroid:
    """The class whose centre is nearest; from 1.6 on with the classes' shares in training."""
    importing.tell(fitted)
    centres = fitted.array("centroids_", n_axes=2)
    if len(centres) != len(classes_of(fitted)):
        raise fitted.damaged("it has no centre for each class")
    found = fitted.get("metric", default="euclidean")
    name = _ALIASES.get(found, found) if isinstance(found, str) else None
    if name not in get_args(Metric) or name == "minkowski":
        raise fitted.refusal("its metric is not known here")
    metric = cast("Metric", name)
    points = _as_points(centres, metric)
    if fitted.version < _WITH_PRIORS or metric != "euclidean":
        return NearestCentroid(points, None, by_score=False)
    prior = fitted.array("class_prior_", n_axes=1)
    even = bool(np.allclose(prior, 1 / len(centres)))
    return NearestCentroid(points, _discriminant(fitted, centres, prior), by_score=not even)


def _as_points(centres: NDArray[np.float64], metric: Metric) -> DensePoints:
    by_columns = np.ascontiguousarray(centres.T)
    return DensePoints(by_columns, metric, 2.0, np.empty(0), metric == "euclidean")


def _discriminant(
    fitted: Fitted, centres: NDArray[np.float64], prior: NDArray[np.float64]
) -> Discriminant:
    scale = fitted.array("within_class_std_dev_").ravel()
    if len(scale) != centres.shape[1] or len(prior) != len(centres) or (prior <= 0).any():
        raise fitted.damaged("its spread and its classes do not fit its centres")
    scale = np.where(scale == 0, 1, scale)
    return Discriminant(scale, _as_points(centres / scale, "euclidean"), 2 * np.log(prior))

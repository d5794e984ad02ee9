"""Classifiers of classifiers, and of neighbours. Which of equally far points are the nearest is
what scikit-learn 1.9.1 answered.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from estimator_files import estimator, linear, pipeline, vectorizer
from vistazo.errors import ModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.estimator_import.fitted import Fitted, version_of
from vistazo.models.estimator_import.importer import import_plan
from vistazo.models.estimator_import.registry import Importing
from vistazo.models.estimator_import.values import Name, Record, SparseArray
from vistazo.models.plan.linear import Linear
from vistazo.models.plan.matrix import SparseRows
from vistazo.models.plan.operation import Decider, Decisions

POINTS = np.array(
    [[4, 0], [2, 3], [7, 3], [6, 3], [5, 2], [4, 2], [3, 1], [2, 1], [1, 0], [0, 0]], dtype=float
)


def decider_of(record: Record) -> Decider:
    return Importing().decider(Fitted(record, version_of(record)))


def decided(record: Record, rows: object) -> Decisions:
    return decider_of(record).decide(np.array(rows, dtype=np.float64))


def always(place: int, n_classes: int = 2) -> Record:
    prior = np.full(n_classes, 0.25 / max(1, n_classes - 1))
    prior[place] = 0.75
    return estimator(
        "DummyClassifier", strategy="prior", class_prior_=prior, classes_=np.arange(n_classes)
    )


def vote(*members: Record, **attributes: Any) -> Record:
    usual = {"estimators_": list(members), "classes_": np.array(["no", "yes"]), "voting": "hard"}
    return estimator("VotingClassifier", **{**usual, **attributes})


def test_members_vote_by_their_weights_and_the_first_of_equals_wins() -> None:
    assert decided(vote(always(1), always(0)), [[0.0]]).predicted.tolist() == [0]
    assert decided(vote(always(1), always(0), weights=[2, 1]), [[0.0]]).predicted.tolist() == [1]
    assert decided(vote(always(1), always(0)), [[0.0]]).probabilities is None


def test_the_weight_of_a_member_that_was_dropped_is_dropped() -> None:
    named = [("a", always(0)), ("b", "drop"), ("c", always(1))]
    members = vote(always(0), always(1), estimators=named, weights=[1, 9, 3], voting="soft")
    found = decided(members, [[0.0]]).probabilities
    np.testing.assert_allclose(found, [[(0.75 + 3 * 0.25) / 4, (0.25 + 3 * 0.75) / 4]])


def test_a_vote_of_pipelines_takes_texts() -> None:
    members = [pipeline(vectorizer(["free", "money"]), linear([3.0, 1.0], -0.5)) for _ in range(2)]
    plan = import_plan(vote(*members, voting="soft"))
    assert (plan.takes, plan.decide(["free", "none"]).predicted.tolist()) == ("texts", [1, 0])


def rest(*members: Record, version: str = "1.5.2") -> Record:
    binarizer = estimator("LabelBinarizer", classes_=np.arange(3), y_type_="multiclass")
    return estimator(
        "OneVsRestClassifier",
        estimators_=list(members),
        label_binarizer_=binarizer,
        _sklearn_version=version,
    )


@pytest.mark.parametrize(("version", "place"), [("1.7.2", 1), ("1.8.0", 0)])
def test_of_members_equally_sure_the_last_wins_and_since_1_8_the_first(
    version: str, place: int
) -> None:
    record = rest(always(1), always(1), always(0), version=version)
    found = decided(record, [[0.0]])
    assert found.predicted.tolist() == [place]
    np.testing.assert_allclose(found.probabilities, [[3 / 7, 3 / 7, 1 / 7]])


def test_linear_members_are_one_linear_map_that_can_be_explained() -> None:
    record = rest(linear([1.0], 0.1), linear([-1.0], 0.2), linear([0.0], 0.3))
    decider = decider_of(record)
    assert isinstance(decider, Linear)
    chances = 1 / (1 + np.exp(-np.array([2.1, -1.8, 0.3])))
    np.testing.assert_allclose(
        decider.decide(np.array([[2.0]])).probabilities, [chances / sum(chances)]
    )


def test_several_labels_at_once_are_refused() -> None:
    record = rest(always(1), always(1), always(0))
    record.attributes["label_binarizer_"].attributes["y_type_"] = "multilabel-indicator"  # type: ignore[attr-defined]
    with pytest.raises(UnsupportedModelError, match="several labels"):
        decider_of(record)


def test_pairs_vote_and_how_sure_they_are_breaks_ties() -> None:
    pairs = [linear([1.0]), linear([-1.0]), linear([1.0], 0.5)]  # 0 or 1, 0 or 2, 1 or 2
    record = estimator("OneVsOneClassifier", estimators_=pairs, classes_=np.arange(3))
    found = decided(record, [[1.0]])  # 1; 0; 2: one vote each
    sums = np.array([0.0, 1 - 1.5, -1 + 1.5])
    np.testing.assert_allclose(found.scores, [1 + sums / (3 * (np.abs(sums) + 1))])
    assert found.predicted.tolist() == [2]


def calibrated(*curves: Record, base: Record, classes: int) -> Record:
    member = estimator("_CalibratedClassifier", estimator=base, calibrators=list(curves))
    return estimator(
        "CalibratedClassifierCV", calibrated_classifiers_=[member], classes_=np.arange(classes)
    )


def test_a_score_becomes_a_probability_by_a_sigmoid_or_by_steps_that_are_level_outside() -> None:
    sigmoid = estimator("_SigmoidCalibration", a_=-2.0, b_=0.5)
    steps = estimator(
        "IsotonicRegression", X_thresholds_=np.array([0.0, 1.0]), y_thresholds_=np.array([0.2, 0.6])
    )
    by_sigmoid = decided(calibrated(sigmoid, base=linear([1.0]), classes=2), [[1.0]])
    np.testing.assert_allclose(by_sigmoid.probabilities[0, 1], 1 / (1 + np.exp(-1.5)))  # type: ignore[index]
    by_steps = decided(calibrated(steps, base=linear([1.0]), classes=2), [[-5.0], [0.25], [9.0]])
    np.testing.assert_allclose(by_steps.probabilities[:, 1], [0.2, 0.3, 0.6])  # type: ignore[index]


def test_where_no_class_is_probable_all_are() -> None:
    none = [
        estimator("IsotonicRegression", _necessary_X_=np.zeros(1), _necessary_y_=np.zeros(1))
        for _ in range(3)
    ]
    found = decided(calibrated(*none, base=always(1, 3), classes=3), [[1.0]])
    np.testing.assert_allclose(found.probabilities, np.full((1, 3), 1 / 3))


def test_a_stack_decides_by_what_its_members_say_and_by_the_sample() -> None:
    final = linear([2.0, 1.0, -1.0])
    record = estimator(
        "StackingClassifier",
        estimators_=[linear([1.0]), linear([1.0])],
        stack_method_=["predict_proba", "decision_function"],
        final_estimator_=final,
        passthrough=True,
        classes_=np.array(["a", "b"]),
    )
    score = 2 / (1 + np.exp(-3.0)) + 3.0 - 3.0
    scores = decided(record, [[3.0]]).scores
    np.testing.assert_allclose(scores, [[-score, score]])
    sparse = SparseRows(np.array([0, 1]), np.array([0]), np.array([3.0]), 1)
    np.testing.assert_allclose(decider_of(record).decide(sparse).scores, scores)


def neighbours(**attributes: Any) -> Record:
    usual = {
        "_fit_X": POINTS,
        "_y": np.arange(10),
        "_fit_method": "brute",
        "classes_": np.arange(10),
        "n_neighbors": 2,
        "weights": "uniform",
        "effective_metric_": "euclidean",
        "effective_metric_params_": {},
    }
    return estimator("KNeighborsClassifier", **{**usual, **attributes})


def kd_tree() -> Record:
    nodes = [(0, 10, 0, 3.8), (0, 5, 0, 2.1), (5, 10, 0, 2.1), (0, 2, 1, 0.5), (2, 5, 1, 1.1)]
    nodes += [(5, 7, 1, 1.0), (7, 10, 1, 1.1)]
    dtype = [("idx_start", "<i8"), ("idx_end", "<i8"), ("is_leaf", "<i8"), ("radius", "<f8")]
    lower = [[0, 0], [0, 0], [4, 0], [0, 0], [2, 1], [4, 0], [5, 2]]
    upper = [[7, 3], [3, 3], [7, 3], [1, 0], [3, 3], [4, 2], [7, 3]]
    order = np.array([8, 9, 1, 7, 6, 0, 5, 4, 2, 3])
    bounds = np.array([lower, upper], dtype=np.float64)
    state = (POINTS, order, np.array(nodes, dtype), bounds, 2)
    return Record(Name("sklearn.neighbors._kd_tree", "KDTree"), (), {}, state)


@pytest.mark.parametrize(
    ("count", "row", "of_all", "of_tree"),
    [
        (1, [0.5, 1.5], [7], [8]),
        (2, [0.0, 2.0], [1, 9], [8, 9]),
        (3, [0.0, 2.0], [1, 7, 9], [1, 8, 9]),
        (4, [1.5, 2.5], [1, 5, 6, 7], [1, 6, 7, 8]),
    ],
)
def test_of_equally_far_points_those_are_nearest_that_a_search_meets_first(
    count: int, row: list[float], of_all: list[int], of_tree: list[int]
) -> None:
    every = decided(neighbours(n_neighbors=count), [row]).probabilities
    tree = neighbours(n_neighbors=count, _fit_method="kd_tree", _tree=kd_tree())
    met = decided(tree, [row]).probabilities
    assert np.flatnonzero(every).tolist() == of_all
    assert np.flatnonzero(met).tolist() == of_tree


def test_before_1_1_equally_far_points_were_told_apart_by_a_partition() -> None:
    points = np.arange(12.0)[:, None] % 4
    old = neighbours(_fit_X=points, _y=np.arange(12), classes_=np.arange(12), n_neighbors=5)
    old.attributes["_sklearn_version"] = "1.0.2"
    found = decided(old, [[0.0]]).probabilities
    # numpy.argpartition([0, 1, 4, 9] * 3, 4) of NumPy 1.23.5
    assert np.flatnonzero(found).tolist() == [0, 4, 5, 8, 9]


def test_the_nearer_count_more_and_a_sample_of_training_alone() -> None:
    record = neighbours(weights="distance", _y=np.arange(10) % 2, classes_=np.arange(2))
    found = decided(record, [[4.0, 0.5], [3.0, 1.0]]).probabilities
    assert found is not None
    far = np.sqrt(1.25)
    np.testing.assert_allclose(found[0], [1.0, 0.0])
    np.testing.assert_allclose(found[1], [1.0, 0.0])
    mixed = decided(record, [[4.0, 1.5]]).probabilities
    np.testing.assert_allclose(mixed, [[1 / far / (2 + 1 / far), 2 / (2 + 1 / far)]])


def test_sparse_samples_are_as_far_as_dense_ones() -> None:
    filled = np.nonzero(POINTS)
    starts = np.concatenate([[0], np.cumsum((POINTS != 0).sum(axis=1))])
    sparse = SparseArray(starts, filled[1], POINTS[filled], POINTS.shape)
    for metric in ("euclidean", "manhattan", "cosine"):
        rows = [[0.7, 2.2], [5.1, 0.4]]
        dense = decided(neighbours(effective_metric_=metric), rows).probabilities
        found = decided(neighbours(effective_metric_=metric, _fit_X=sparse), rows).probabilities
        np.testing.assert_array_equal(found, dense)


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"n_neighbors": 11}, UnreadableModelError),
        ({"_y": np.arange(10) + 1}, UnreadableModelError),
        ({"weights": Name("__main__", "my_weights")}, UnsupportedModelError),
        ({"effective_metric_": Name("__main__", "my_metric")}, UnsupportedModelError),
        ({"effective_metric_": "haversine"}, UnsupportedModelError),
        (
            {"_tree": Record(Name("sklearn.neighbors", "KDTree")), "_fit_method": "kd_tree"},
            ModelError,
        ),
    ],
)
def test_neighbours_that_cannot_be_served_are_refused(
    attributes: dict[str, Any], error: type[ModelError]
) -> None:
    with pytest.raises(error):
        decider_of(neighbours(**attributes))

"""Trees and what is made of them. Figures with many digits are what scikit-learn 1.9.1 answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from estimator_files import estimator
from vistazo.errors import UnreadableModelError, UnsupportedModelError
from vistazo.models.estimator_import import estimators
from vistazo.models.estimator_import.fitted import Fitted, version_of
from vistazo.models.estimator_import.registry import Importing
from vistazo.models.estimator_import.values import Record
from vistazo.models.plan.matrix import SparseRows
from vistazo.models.plan.operation import Decider, Decisions
from vistazo.models.plan.plan import Plan
from vistazo.models.plan.stored import read_plan, write_plan

LEAF = (-1, -1, -2, -2.0)
STUMP = [(1, 2, 1, 0.5), LEAF, LEAF]
PLAIN = [("left_child", "<i8"), ("right_child", "<i8"), ("feature", "<i8"), ("threshold", "<f8")]
ROWS = np.array([[1.5, 0], [6, 9]])


def tree(
    nodes: list[tuple[Any, ...]],
    values: object,
    *,
    dtype: list[tuple[str, str]] = PLAIN,
    kind: str = "DecisionTreeClassifier",
    **attributes: Any,
) -> Record:
    held = np.array(values, dtype=np.float64)[:, None, :]
    made = estimator("Tree", nodes=np.array(nodes, dtype), values=held, node_count=len(nodes))
    usual = {"classes_": np.arange(held.shape[2]), "n_features_in_": 2}
    return estimator(kind, tree_=made, **{**usual, **attributes})


def objects(*members: Record) -> NDArray[Any]:
    array = np.empty((len(members), 1), dtype=object)
    array[:, 0] = members
    return array


def decider_of(record: Record) -> Decider:
    assert estimators  # importing it registers what it knows
    return Importing().decider(Fitted(record, version_of(record)))


def decided(record: Record, rows: object = ROWS) -> Decisions:
    return decider_of(record).decide(np.array(rows, dtype=np.float64))


@pytest.mark.parametrize(
    "values", [[[4, 4], [3, 1], [1, 3]], [[0.5, 0.5], [0.75, 0.25], [0.25, 0.75]]]
)
def test_leaves_hold_counts_or_shares(values: object) -> None:
    found = decided(tree(STUMP, values))
    assert found.probabilities is not None
    assert found.probabilities.tolist() == [[0.75, 0.25], [0.25, 0.75]]
    assert found.predicted.tolist() == [0, 1]


def test_a_number_on_the_threshold_goes_left_and_so_does_one_that_float32_rounds_to_it() -> None:
    found = decided(tree(STUMP, [[1, 1], [1, 0], [0, 1]]), [[0, 0.5], [0, 0.5 + 1e-9], [0, 0.5001]])
    assert found.predicted.tolist() == [0, 0, 1]


def test_nodes_of_32_bit_machines_and_of_later_versions_are_read_by_their_fields() -> None:
    small = [(name, code.replace("i8", "i4")) for name, code in PLAIN]
    large = [*PLAIN, ("impurity", "<f8"), ("missing_go_to_left", "u1")]
    grown = [(*node, 0.0, 1) for node in STUMP]
    values = [[1, 1], [1, 0], [0, 1]]
    assert decided(tree(STUMP, values, dtype=small)).predicted.tolist() == [0, 1]
    assert decided(tree(grown, values, dtype=large), [[0, np.nan], [0, 9]]).predicted.tolist() == [
        0,
        1,
    ]
    assert decided(tree(STUMP, values), [[0, np.nan]]).predicted.tolist() == [1]


def test_a_forest_averages_shares_and_does_not_count_votes() -> None:
    sure, unsure = [[1, 1], [1, 0], [0, 1]], [[1, 1], [0.45, 0.55], [0.45, 0.55]]
    members = [tree(STUMP, sure), tree(STUMP, unsure), tree(STUMP, unsure)]
    forest = estimator("RandomForestClassifier", estimators_=members, classes_=["a", "b"])
    found = decided(forest)
    np.testing.assert_allclose(found.probabilities, [[1.9 / 3, 1.1 / 3], [0.3, 0.7]])
    assert found.predicted.tolist() == [0, 1]


def test_sparse_rows_come_to_the_same_leaves_and_so_does_a_stored_forest(tmp_path: Path) -> None:
    members = [tree(STUMP, [[1, 1], [1, 0], [0, 1]]), tree([LEAF], [[1, 2]])]
    forest = estimator("ExtraTreesClassifier", estimators_=members, classes_=[0, 1])
    rows = np.array([[0, 0], [3, 0], [0, 7], [2, 1.0]])
    filled = np.nonzero(rows)
    starts = np.concatenate([[0], np.cumsum((rows != 0).sum(axis=1))])
    sparse = SparseRows(starts, filled[1], rows[filled], 2)
    write_plan(Plan("rows", 2, (0, 1), (), decider_of(forest)), tmp_path / "plan")
    dense = decided(forest, rows).probabilities
    np.testing.assert_array_equal(read_plan(tmp_path / "plan").decide(sparse).probabilities, dense)


def boosting(**attributes: Any) -> Record:
    def grown(threshold: float, left: float, right: float) -> Record:
        nodes = [(1, 2, 1, threshold), LEAF, LEAF]
        return tree(nodes, [[0], [left], [right]], kind="DecisionTreeRegressor")

    usual = {
        "estimators_": objects(
            grown(0.5, -2.0, 2 / 3), grown(1.5, -0.7992640914711182, 0.6884953841661755)
        ),
        "init_": estimator("DummyClassifier", strategy="prior", class_prior_=np.array([0.5, 0.5])),
        "learning_rate": 0.5,
        "loss": "log_loss",
        "classes_": np.array([0, 1]),
    }
    return estimator("GradientBoostingClassifier", **{**usual, **attributes})


def test_boosted_trees_are_summed() -> None:
    found = decided(boosting())
    expected = [[0.8021254934006774, 0.19787450659932265], [0.336801407158866, 0.663198592841134]]
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-8)
    assert found.scores is not None
    np.testing.assert_allclose(
        found.scores[:, 1], [-1.3996320464861551, 0.6775810216627431], atol=1e-8
    )


def test_files_of_every_age_begin_their_sums_in_their_own_way() -> None:
    odds = np.log(0.8 / 0.2)
    prior = estimator("DummyClassifier", strategy="prior", class_prior_=np.array([0.2, 0.8]))
    began = {
        "zero": 0.0,
        "new": odds,
        "old": odds,
    }
    old = estimator("LogOddsEstimator", prior=odds)
    for name, init in (("zero", "zero"), ("new", prior), ("old", old)):
        scores = decided(boosting(init_=init)).scores
        assert scores is not None
        np.testing.assert_allclose(scores[1, 1] - 0.6775810216627431, began[name], atol=1e-8)


@pytest.mark.parametrize(("version", "place"), [("1.3.2", 0), ("1.4.0", 1)])
def test_a_sum_of_zero_is_the_first_class_and_since_1_4_the_second(
    version: str, place: int
) -> None:
    level = tree([LEAF], [[0.0]], kind="DecisionTreeRegressor")
    record = boosting(estimators_=objects(level), _sklearn_version=version)
    assert decided(record).predicted.tolist() == [place, place]


def test_categories_that_were_not_seen_go_where_missing_ones_go() -> None:
    fields = ["feature_idx", "left", "right", "is_leaf", "missing_go_to_left", "is_categorical"]
    dtype = [
        *((name, "<i8") for name in fields),
        ("bitset_idx", "<u4"),
        ("value", "<f8"),
        ("num_threshold", "<f8"),
    ]
    nodes = [(0, 1, 2, 0, 1, 1, 0, 0, 0), (0, 0, 0, 1, 0, 0, 0, -1, 0), (0, 0, 0, 1, 0, 0, 0, 1, 0)]
    bits = np.zeros((1, 8), np.uint32)
    bits[0, 1] = 1 << 3  # category 35
    grown = estimator("TreePredictor", nodes=np.array(nodes, dtype), raw_left_cat_bitsets=bits)
    mapper = estimator(
        "_BinMapper",
        is_categorical_=np.array([1], np.uint8),
        bin_thresholds_=[np.array([7.0, 35.0])],
    )
    record = estimator(
        "HistGradientBoostingClassifier",
        _predictors=[[grown]],
        _baseline_prediction=np.array([[0.25]]),
        _bin_mapper=mapper,
        n_features_in_=1,
        classes_=np.array(["no", "yes"]),
    )
    scores = decided(record, [[35], [7], [8], [np.nan], [-1], [35 + 256]]).scores
    assert scores is not None
    assert scores[:, 1].tolist() == [-0.75, 1.25, -0.75, -0.75, -0.75, -0.75]


def test_adaboost_counts_against_the_other_classes_since_1_3() -> None:
    members = [
        tree(STUMP, [[4, 4], [1, 0], [1, 2]]),
        tree([(1, 2, 0, 6.5), LEAF, LEAF], [[2, 1], [8, 3], [0, 1]]),
    ]
    usual = {"estimators_": members, "estimator_weights_": np.full(2, 1.0986), "classes_": [0, 1]}
    found = decided(estimator("AdaBoostClassifier", **usual))
    assert found.scores is not None
    np.testing.assert_allclose(found.scores[:, 1], [-2.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(found.probabilities[0], [0.8807970779778823, 0.11920292202211755])  # type: ignore[index]
    older = decided(estimator("AdaBoostClassifier", **usual, _sklearn_version="1.2.2"))
    np.testing.assert_allclose(older.scores[:, 1], [-1.0, 0.0], atol=1e-12)  # type: ignore[index]


def test_bagged_trees_that_see_some_columns_and_classes_are_a_forest() -> None:
    seen = tree(
        [(1, 2, 0, 0.5), LEAF, LEAF],
        [[1, 1], [1, 0], [0, 1]],
        classes_=np.array([0, 2]),
        n_features_in_=1,
    )
    record = estimator(
        "BaggingClassifier",
        estimators_=[seen],
        estimators_features_=[np.array([1])],
        classes_=np.array(["a", "b", "c"]),
        n_features_in_=2,
    )
    found = decided(record)
    assert found.probabilities is not None
    assert found.probabilities.tolist() == [[1, 0, 0], [0, 0, 1]]


NOT_TREES = {
    "a cycle": {"nodes": [(1, 2, 1, 0.5), LEAF, (0, 1, 1, 0.5)]},
    "a node below itself": {"nodes": [(0, 1, 1, 0.5), LEAF, LEAF]},
    "a child that is not there": {"nodes": [(1, 3, 1, 0.5), LEAF, LEAF]},
    "one child twice": {"nodes": [(1, 1, 1, 0.5), LEAF, LEAF]},
    "no right child": {"nodes": [(1, -1, 1, 0.5), LEAF, LEAF]},
    "a feature that is not there": {"nodes": [(1, 2, 2, 0.5), LEAF, LEAF]},
    "a feature below none": {"nodes": [(1, 2, -2, 0.5), LEAF, LEAF]},
    "a threshold that is no number": {"nodes": [(1, 2, 1, np.nan), LEAF, LEAF]},
    "other classes": {"values": [[1], [1], [1]], "classes_": [0, 1]},
    "too few values": {"values": [[1, 1]]},
    "infinite values": {"values": [[1, 1], [np.inf, 0], [0, 1]]},
    "other fields": {"dtype": [("a", "<i8"), ("b", "<i8"), ("c", "<i8"), ("d", "<f8")]},
}


@pytest.mark.parametrize("changed", NOT_TREES.values(), ids=NOT_TREES)
def test_a_tree_whose_ways_do_not_end_at_leaves_is_refused(changed: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"nodes": STUMP, "values": [[1, 1], [1, 0], [0, 1]]}
    with pytest.raises(UnreadableModelError, match="damaged"):
        decider_of(tree(**{**usual, **changed}))


def test_a_tree_without_nodes_is_refused() -> None:
    record = tree([LEAF], [[1, 1]])
    record.attributes["tree_"].attributes["node_count"] = 0  # type: ignore[attr-defined]
    with pytest.raises(UnreadableModelError, match="nodes"):
        decider_of(record)


def test_a_tree_of_very_many_levels_is_refused() -> None:
    nodes: list[tuple[Any, ...]] = [(1, 2, 0, 0.5)]
    while len(nodes) < 20_002:
        nodes += [LEAF, (len(nodes) + 2, len(nodes) + 3, 0, 0.5)]
    nodes += [LEAF, LEAF]
    with pytest.raises(UnsupportedModelError, match="levels"):
        decider_of(tree(nodes, np.ones((len(nodes), 2))))


def test_trees_with_several_answers_are_refused() -> None:
    record = tree(STUMP, [[1, 1], [1, 0], [0, 1]], classes_=[np.array([0, 1]), np.array([0, 1])])
    with pytest.raises(UnsupportedModelError, match="several"):
        decider_of(record)

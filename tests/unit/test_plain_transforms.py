"""Scalers, selections and projections: what scikit-learn answers with the same numbers in it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.fitted_estimators import fitted, record, sparse, transform, transformed

from vistazo.errors import InputError, ModelError, UnsupportedModelError
from vistazo.models.estimator_import.registry import Importing
from vistazo.models.estimator_import.values import Name
from vistazo.models.plan.matrix import SparseRows
from vistazo.models.plan.selection import Columns

ROWS = np.array([[1.0, 1], [2, 2.5], [-9, 7], [1.5, 2]])
NAN = float("nan")


def test_a_scaler_of_before_0_17_keeps_its_deviations_in_std() -> None:
    found = transformed("StandardScaler", ROWS, "0.16", mean_=[1.0, 2], std_=[2.0, 4])

    assert np.array_equal(found, (ROWS - [1, 2]) / [2, 4])


def test_sparse_rows_are_scaled_where_they_have_numbers() -> None:
    settings = {"with_mean": False, "scale_": [2.0, 4], "mean_": [1.0, 1]}

    found = transform("StandardScaler", **settings).apply(sparse(ROWS))

    assert isinstance(found, SparseRows)
    assert np.array_equal(found.dense(), ROWS / [2, 4])


def test_a_scaler_keeps_within_its_range_where_it_clips() -> None:
    numbers = {"scale_": [0.5, 1.0], "min_": [0.0, -1.0], "feature_range": (0, 1)}

    assert transformed("MinMaxScaler", ROWS, **numbers)[2].tolist() == [-4.5, 6]
    assert transformed("MinMaxScaler", ROWS, **numbers, clip=True)[2].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("version", "norm", "expected"),
    [
        ("1.5.2", "max", [[-1.0, 0.5], [0, 0]]),
        ("0.22.2", "max", [[-2.0, 1.0], [0, 0]]),  # the largest with its sign
        ("1.5.2", "l1", [[-2 / 3, 1 / 3], [0, 0]]),
        ("1.5.2", "l2", [[-2 / 5**0.5, 1 / 5**0.5], [0, 0]]),
    ],
)
def test_rows_are_divided_by_their_norm(
    version: str, norm: str, expected: list[list[float]]
) -> None:
    rows = np.array([[-2.0, 1], [0, 0]])

    for given in (rows, sparse(rows)):
        assert np.allclose(transformed("Normalizer", given, version, norm=norm), expected)


def test_of_equal_scores_the_k_best_are_the_last_and_the_percentile_has_the_first() -> None:
    scores, rows = [1.0, 2, 2, 2, NAN], np.arange(5.0)[None, :]

    assert transformed("SelectKBest", rows, scores_=scores, k=2).tolist() == [[2, 3]]
    percentile = transformed("SelectPercentile", rows, scores_=scores, percentile=40)
    assert percentile.tolist() == [[1, 2]]
    assert transformed("SelectKBest", rows, scores_=scores, k="all").shape == (1, 5)


def test_p_values_are_compared_as_each_rule_has_it() -> None:
    values, rows = [0.001, 0.02, 0.03, 0.2], np.arange(4.0)[None, :]

    assert transformed("SelectFpr", rows, pvalues_=values, alpha=0.05).tolist() == [[0, 1, 2]]
    assert transformed("SelectFdr", rows, pvalues_=values, alpha=0.05).tolist() == [[0, 1, 2]]
    assert transformed("SelectFwe", rows, pvalues_=values, alpha=0.05).tolist() == [[0]]
    with pytest.raises(ModelError, match="keeps no column"):
        transform("SelectFpr", pvalues_=values, alpha=1e-9)


def test_sparse_columns_are_chosen_without_making_the_others() -> None:
    rows = SparseRows(np.array([0, 2, 2]), np.array([5, 10**9]), np.array([1.0, 2]), 10**10)

    found = Columns(np.array([4, 5, 10**9]), 10**10).apply(rows)

    assert isinstance(found, SparseRows)
    assert found.dense().tolist() == [[0, 1, 2], [0, 0, 0]]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [2]),
        ({"threshold": "0.5*median"}, [0, 1, 2]),
        ({"threshold": 1.0}, [0, 1, 2]),
        ({"max_features": 1, "threshold": -np.inf}, [2]),
        ({"max_features_": 2, "threshold": -np.inf}, [0, 2]),
    ],
)
def test_a_model_selects_the_columns_that_it_makes_most_of(
    settings: dict[str, object], expected: list[int]
) -> None:
    model = record("LogisticRegression", coef_=np.array([[1.0, -1, 3]]), penalty="l2")

    found = transformed("SelectFromModel", np.arange(3.0)[None, :], estimator_=model, **settings)

    assert found.tolist() == [expected]


def test_a_tree_makes_most_of_the_column_that_tidies_up_most() -> None:
    kinds = ["left_child", "right_child", "feature"]
    kind = np.dtype([*((k, "<i8") for k in kinds), ("impurity", "<f8"), ("n", "<i8")])
    nodes = np.array([(1, 2, 1, 0.5, 4), (-1, -1, -2, 0, 2), (-1, -1, -2, 0, 2)], kind)
    named = [*kind.names[:-1], "weighted_n_node_samples"]  # type: ignore[index]
    nodes.dtype.names = tuple(named)
    tree = record("DecisionTreeClassifier", tree_=record("Tree", nodes=nodes), n_features_in_=3)

    found = transformed("SelectFromModel", np.arange(3.0)[None, :], estimator_=tree)

    assert found.tolist() == [[1]]


def test_a_whitened_projection_is_divided_once_in_every_version() -> None:
    once = {"mean_": [1.0, 1.0], "whiten": True, "explained_variance_": [4.0]}

    newer = transformed("PCA", ROWS, **once, components_=[[0.6, 0.8]])
    older = transformed("PCA", ROWS, "0.15", **once, components_=[[0.3, 0.4]])

    assert np.allclose(newer, (ROWS - 1) @ [[0.3], [0.4]])
    assert np.allclose(older, newer)


def test_a_projection_of_sparse_rows_subtracts_its_mean_afterwards() -> None:
    numbers = {"mean_": [1.0, 2.0], "components_": [[0.6, 0.8]]}

    assert np.allclose(
        transformed("PCA", sparse(ROWS), **numbers), transformed("PCA", ROWS, **numbers)
    )


def test_products_come_in_the_order_of_their_degrees() -> None:
    found = transformed("PolynomialFeatures", ROWS[1:2], n_features_in_=2, degree=2)

    assert found.tolist() == [[1, 2, 2.5, 4, 5, 6.25]]
    with pytest.raises(UnsupportedModelError, match="more than"):
        transform("PolynomialFeatures", n_features_in_=10**4, degree=9)


def test_what_is_missing_is_filled_in_and_columns_that_were_never_known_are_left_out() -> None:
    rows = np.array([[NAN, NAN, 1], [2, 5, NAN]])

    found = transformed(
        "SimpleImputer",
        rows,
        statistics_=[7.0, NAN, 9],
        add_indicator=True,
        indicator_=record("MissingIndicator", features_=np.array([0])),
    )

    assert found.tolist() == [[7, 1, 1], [2, 9, 0]]
    older = transformed("Imputer", rows, "0.19", statistics_=[7.0, 6, 9], missing_values="NaN")
    assert older.tolist() == [[7, 6, 1], [2, 5, 9]]


def test_yeo_johnson_is_standardized_afterwards() -> None:
    then = record(
        "StandardScaler",
        mean_=np.array([0.6645768734081542, 3.0742109828127373]),
        scale_=np.array([0.47162303615802514, 2.033187013990157]),
    )

    found = transformed(
        "PowerTransformer", ROWS, lambdas_=[-0.2692238221883785, 1.111765504435747], _scaler=then
    )

    assert np.allclose(found[0], [-0.06840688971312979, -0.9983520934707628], atol=1e-12)
    assert np.allclose(found[2], [-174.15540536781995, 2.5107164587830035], atol=1e-9)
    with pytest.raises(InputError, match="above zero"):
        transformed("PowerTransformer", ROWS, lambdas_=[1.0, 1], method="box-cox", _scaler=then)


def test_a_function_in_a_pipeline_is_refused_and_none_does_nothing() -> None:
    assert np.array_equal(transformed("FunctionTransformer", ROWS, func=None), ROWS)
    with pytest.raises(UnsupportedModelError, match=r"numpy\.log1p"):
        transform("FunctionTransformer", func=Name("numpy", "log1p"))


@pytest.mark.parametrize(
    ("class_name", "numbers"),
    [
        ("StandardScaler", {"mean_": [1.0, 2], "scale_": [1.0]}),
        ("StandardScaler", {"mean_": [1.0], "scale_": [0.0]}),
        ("StandardScaler", {"mean_": ["a"], "scale_": [1.0]}),
        ("PCA", {"mean_": [1.0], "components_": [[1.0, 2]]}),
        ("SimpleImputer", {"statistics_": np.array(["a"])}),
        ("KBinsDiscretizer", {"bin_edges_": [[2.0, 1, 0, 0]]}),
        ("SelectFromModel", {"estimator_": record("Pipeline")}),
        ("SelectKBest", {"scores_": ["a", "b"], "k": 1}),
        ("RFE", {"support_": [1, 0]}),
        ("LogisticRegression", {"coef_": [[1.0]]}),
    ],
)
def test_what_does_not_fit_is_refused(class_name: str, numbers: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        Importing().transform(fitted(class_name, **numbers))


def test_categories_become_columns_without_those_that_were_dropped() -> None:
    numbers = {
        "categories_": [np.array([1.0, 5]), np.array([0.0, 2, NAN])],
        "drop_idx_": np.array([0, None], dtype=object),
    }
    rows = np.array([[5, NAN], [1, 2]])

    assert transformed("OneHotEncoder", rows, **numbers).tolist() == [[1, 0, 0, 1], [0, 0, 1, 0]]
    strange = np.array([[5.0, 7]])
    with pytest.raises(InputError, match=r"Column 2 .* trained on: 7"):
        transformed("OneHotEncoder", strange, **numbers)
    ignored = transformed("OneHotEncoder", strange, **numbers, handle_unknown="ignore")
    assert ignored.tolist() == [[1, 0, 0, 0]]


def test_columns_go_their_own_ways_by_place_and_by_name() -> None:
    scaler = record("StandardScaler", mean_=np.array([1.0, 2]), scale_=np.array([2.0, 1]))
    numbers = {"n_features_in_": 3, "feature_names_in_": np.array(["a", "b", "c"], dtype=object)}

    for columns in ([2, 0], [-1, 0], np.array([2, 0]), ("c", "a")):
        parts = ("scaled", scaler, columns), ("rest", "passthrough", [1]), ("none", "drop", [0])
        whole = fitted("ColumnTransformer", **numbers)
        whole.record.attributes["transformers_"] = list(parts)
        found = Importing().transform(whole).apply(np.array([[4.0, 5, 7]]))
        assert np.array_equal(found, [[3, 2, 5]])

    whole.record.attributes["transformers_"] = [("scaled", scaler, [0, 3])]
    with pytest.raises(ModelError, match="column that is not there"):
        Importing().transform(whole)


def test_a_number_becomes_the_share_of_training_below_it() -> None:
    numbers = {"quantiles_": [[0.0], [1], [1], [3]], "references_": [0.0, 0.25, 0.75, 1]}
    rows = np.array([[-9.0], [0.5], [1], [2], [9], [NAN]])

    found = transformed("QuantileTransformer", rows, **numbers)
    normal = transformed("QuantileTransformer", rows, **numbers, output_distribution="normal")

    assert np.allclose(found[:, 0], [0, 0.125, 0.5, 0.875, 1, NAN], equal_nan=True)
    expected = [-5.199337582605575, -1.1503493803760079, 0, 1.1503493803760079, 5.19933758270342]
    assert np.allclose(normal[:5, 0], expected, atol=1e-9)
    kept = transformed("QuantileTransformer", sparse(rows[:3] * 0), **numbers)
    assert np.array_equal(kept, np.zeros((3, 1)))

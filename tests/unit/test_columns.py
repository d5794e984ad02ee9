"""Columns that go different ways, and categories: what small files say, answered by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vistazo.errors import InputError, UnreadableModelError, UnsupportedModelError
from vistazo.models.estimator_import.estimators.columns import column_transformer
from vistazo.models.estimator_import.estimators.encoding import one_hot_encoder, ordinal_encoder
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing
from vistazo.models.estimator_import.values import Name, Record
from vistazo.models.plan.matrix import SparseRows

ROWS = np.array([[1.0, 20.0, 300.0], [4.0, 50.0, 600.0]])


def _fitted(name: str, **attributes: object) -> Fitted:
    return Fitted(Record(Name("sklearn.any", name), (), attributes))


def _columns(columns: object, **more: object) -> np.ndarray:
    fitted = _fitted(
        "ColumnTransformer",
        n_features_in_=3,
        transformers_=[("kept", "passthrough", columns), ("rest", "drop", [0])],
        **more,
    )
    return np.asarray(column_transformer(fitted, Importing()).apply(ROWS))


def _slice(*bounds: object) -> Record:
    return Record(Name("builtins", "slice"), bounds)


@pytest.mark.parametrize(
    "columns",
    [
        [2, 0],
        [-1, -3],
        np.array([2, 0]),
        ["c", "a"],
        _slice(None, None, -2),
        Record(Name("sklearn.compose", "_RemainderColsList"), (), {"data": [2, 0]}),
    ],
    ids=["places", "from the end", "array", "names", "slice", "remainder"],
)
def test_columns_are_taken_in_their_order_however_they_are_told(columns: object) -> None:
    names = np.array(["a", "b", "c"], dtype=object)
    assert _columns(columns, feature_names_in_=names).tolist() == [[300, 1], [600, 4]]


def test_a_slice_of_names_includes_the_last_and_a_mask_keeps_the_order() -> None:
    names = np.array(["a", "b", "c"], dtype=object)
    found = _columns(_slice("a", "b", None), feature_names_in_=names)
    assert found.tolist() == _columns([True, True, False]).tolist() == [[1, 20], [4, 50]]


@pytest.mark.parametrize(
    "columns",
    [[3], [-4], [True, False], _slice(0, 2, 0), _slice(0.5, 2, 1), [0] * 100_001, [10**30]],
)
def test_columns_that_are_not_there_are_refused(columns: object) -> None:
    with pytest.raises(UnreadableModelError):
        _columns(columns)


def test_a_single_column_of_texts_is_refused_in_words() -> None:
    with pytest.raises(UnsupportedModelError, match="takes a single column, as those of texts"):
        _columns("review")


def _marked(rows: list[list[float]], **attributes: object) -> list[list[float]]:
    found = one_hot_encoder(_fitted("OneHotEncoder", **attributes), Importing()).apply(
        np.array(rows)
    )
    assert isinstance(found, SparseRows)
    return found.dense().tolist()


_TWO = [np.array([1.0, 3.0, np.nan]), np.array([0, 7])]


def test_categories_are_marked_and_dropped_ones_are_not() -> None:
    rows = [[1, 7], [np.nan, 0]]
    assert _marked(rows, categories_=_TWO) == [[1, 0, 0, 0, 1], [0, 0, 1, 1, 0]]
    dropped = np.array([0, None], dtype=object)
    assert _marked(rows, categories_=_TWO, drop_idx_=dropped) == [[0, 0, 0, 1], [0, 1, 1, 0]]


def test_an_unknown_category_is_an_error_nothing_or_a_rare_one() -> None:
    with pytest.raises(InputError, match="Column 1 holds a category"):
        _marked([[2, 0]], categories_=_TWO)
    assert _marked([[2, 0]], categories_=_TWO, handle_unknown="ignore") == [[0, 0, 0, 1, 0]]
    rare = [np.array([0, 1, 1]), None]
    more = {"handle_unknown": "infrequent_if_exist", "_default_to_infrequent_mappings": rare}
    assert _marked([[2, 5]], categories_=_TWO, **more) == [[0, 1, 0, 0]]


def test_before_0_20_values_that_were_not_seen_have_no_column() -> None:
    counted = {"n_values_": np.array([3, 2]), "active_features_": np.array([0, 2, 3, 4])}
    assert _marked([[2, 0], [1, 1]], **counted) == [[0, 1, 1, 0], [0, 0, 0, 1]]


def test_places_of_categories_and_what_stands_for_unknown_ones() -> None:
    fitted = _fitted(
        "OrdinalEncoder",
        categories_=_TWO,
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=-2,
    )
    found = ordinal_encoder(fitted, Importing()).apply(np.array([[3, 7], [np.nan, 5]]))
    assert np.asarray(found).tolist() == [[1, 1], [-2, -1]]


@pytest.mark.parametrize(
    "categories",
    [[np.array([3.0, 1.0])], [np.array([])], [[1, 2]], [np.zeros((2, 2))], []],
    ids=["falling", "empty", "no array", "two axes", "no columns"],
)
def test_damaged_categories_are_refused(categories: object) -> None:
    with pytest.raises(UnreadableModelError):
        _marked([[1]], categories_=categories)


def test_categories_that_are_words_are_refused_with_one_of_them() -> None:
    with pytest.raises(UnsupportedModelError, match=r"column 1 holds words such as 'female'"):
        _marked([[1]], categories_=[np.array(["female", "male"], dtype=object)])

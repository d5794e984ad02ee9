"""What makes numbers of texts: sklearn.feature_extraction.text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import UnsupportedModelError
from vistazo.models.estimator_import.estimators.text_analysis import analysis_of
from vistazo.models.estimator_import.estimators.vocabulary import vocabulary_of
from vistazo.models.estimator_import.fitted import Fitted, is_name
from vistazo.models.estimator_import.registry import Importing, transformer
from vistazo.models.estimator_import.values import SparseArray
from vistazo.models.plan.operation import Transform
from vistazo.models.plan.vectorizer import Norm, TermWeights, Vectorizer
from vistazo.models.plan.vocabulary import HashedColumns, vocabulary

_MOST_COLUMNS = 2**31 - 1


@transformer("CountVectorizer")
def count_vectorizer(fitted: Fitted, importing: Importing) -> Vectorizer:
    column_of = vocabulary_of(fitted)
    analysis = analysis_of(fitted, column_of)
    importing.tell(fitted, f"{len(column_of):,} terms")
    return Vectorizer(analysis, vocabulary(column_of), _is_binary(fitted))


@transformer("TfidfVectorizer")
def tfidf_vectorizer(fitted: Fitted, importing: Importing) -> Vectorizer:
    """A CountVectorizer, then the TfidfTransformer that it holds."""
    counting = count_vectorizer(fitted, importing)
    weights = term_weights(fitted.child("_tfidf"))
    frequency = weights.inverse_frequency
    if frequency is not None and len(frequency) != counting.n_columns:
        raise fitted.damaged("it has not one weight for each term")
    return Vectorizer(counting.analysis, counting.terms, counting.is_binary, weights)


@transformer("TfidfTransformer")
def tfidf_transformer(fitted: Fitted, importing: Importing) -> TermWeights:
    weights = term_weights(fitted)
    importing.tell(fitted)
    return weights


@transformer("HashingVectorizer")
def hashing_vectorizer(fitted: Fitted, importing: Importing) -> Vectorizer:
    """Signs alternate unless ``alternate_sign`` is False; before 0.19 they always did, and
    ``non_negative`` (until 0.20) took them off the sums.
    """
    n_columns = fitted.integer("n_features", 2**20)
    if not 1 <= n_columns <= _MOST_COLUMNS:
        raise fitted.damaged("its n_features is no number of columns")
    importing.tell(fitted, f"{n_columns:,} columns")
    columns = HashedColumns(
        n_columns,
        fitted.flag("alternate_sign", default=True),
        fitted.flag("non_negative", default=False),
    )
    weights = TermWeights(None, is_sublinear=False, norm=_norm(fitted))
    return Vectorizer(analysis_of(fitted, {}), columns, _is_binary(fitted), weights)


@transformer("FeatureHasher", "DictVectorizer")
def of_dictionaries(fitted: Fitted, _: Importing) -> Transform:
    raise UnsupportedModelError(
        f"{fitted.class_name} takes dictionaries, where the service takes texts or rows of "
        "numbers. Fit a CountVectorizer on texts, or an encoder on columns."
    )


def term_weights(fitted: Fitted) -> TermWeights:
    """``idf_`` from 1.5 on; before it lay on the diagonal of a matrix, ``_idf_diag``."""
    is_sublinear = fitted.flag("sublinear_tf", default=False)
    if not fitted.flag("use_idf", default=True):
        return TermWeights(None, is_sublinear, _norm(fitted))
    return TermWeights(_inverse_frequency(fitted), is_sublinear, _norm(fitted))


def _inverse_frequency(fitted: Fitted) -> NDArray[np.float64]:
    if fitted.has("idf_"):
        return _weights(fitted, fitted.raw_array("idf_").ravel())
    found = fitted.get("_idf_diag")
    if not isinstance(found, SparseArray):
        raise fitted.unfitted("idf_")
    # The diagonal alone: the matrix is of the vocabulary's size in both directions.
    n_rows, n_columns = found.shape
    if n_rows != n_columns or not len(found.values) == len(found.columns) <= n_columns:
        raise fitted.damaged("its weights are on no diagonal")
    rows = np.repeat(np.arange(n_rows), np.diff(found.starts))
    if not np.array_equal(rows, found.columns):
        raise fitted.damaged("its weights are on no diagonal")
    diagonal = np.zeros(n_columns)
    diagonal[rows] = found.values
    return _weights(fitted, diagonal)


def _weights(fitted: Fitted, found: NDArray[Any]) -> NDArray[np.float64]:
    """Infinite for a term that no text had, where ``smooth_idf`` is False."""
    if found.dtype.kind not in "fiu" or np.isnan(found).any() or (found == -np.inf).any():
        raise fitted.damaged("its weights are no numbers")
    return np.ascontiguousarray(found, np.float64)


def _norm(fitted: Fitted) -> Norm:
    said = fitted.get("norm", default="l2")
    if not said:
        return ""
    if said == "l1":
        return "l1"
    if said == "l2":
        return "l2"
    if said == "max":
        return "max"
    raise fitted.damaged(f"its norm is {str(said)[:50]!r}")


def _is_binary(fitted: Fitted) -> bool:
    """Counts kept as truth values are 0 and 1 too."""
    return fitted.flag("binary", default=False) or is_name(fitted.get("dtype"), "bool", "bool_")

"""The terms that a vectorizer of texts learned, and their columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from vistazo.models.estimator_import.fitted import Fitted


def vocabulary_of(fitted: Fitted) -> dict[str, int]:
    """Each term's column, in 0 to n - 1 for n terms.

    ``vocabulary_`` was learned; where there is none, ``vocabulary`` was given when the vectorizer
    was made, as a dictionary, or as terms in order (those of a set in alphabetical order).
    """
    found = fitted.get("vocabulary_")
    if found is None:
        found = _given(fitted)
    if not isinstance(found, Mapping):
        raise fitted.unfitted("vocabulary_")
    if not found:
        raise fitted.damaged("its vocabulary is empty")
    column_of = {_term(fitted, term): _column(fitted, column) for term, column in found.items()}
    if max(column_of.values()) >= len(column_of) or min(column_of.values()) < 0:
        raise fitted.damaged("its vocabulary has columns beyond the number of its terms")
    return column_of


def _given(fitted: Fitted) -> object:
    found = fitted.get("vocabulary")
    if isinstance(found, np.ndarray) and found.ndim == 1:
        found = found.tolist()
    if isinstance(found, (set, frozenset)):
        found = sorted(_term(fitted, term) for term in found)
    if isinstance(found, (list, tuple)):
        column_of = _numbered(found)
        if len(column_of) != len(found):
            raise fitted.damaged("a term of its vocabulary occurs twice")
        return column_of
    return found


def _numbered(terms: Iterable[object]) -> dict[object, int]:
    return {term if isinstance(term, str) else id(term): place for place, term in enumerate(terms)}


def _term(fitted: Fitted, term: object) -> str:
    if isinstance(term, str):
        return str(term)
    raise fitted.damaged("a term of its vocabulary is no text")


def _column(fitted: Fitted, column: object) -> int:
    if isinstance(column, np.ndarray) and column.size == 1:
        column = column.item()
    if isinstance(column, (int, np.integer)):
        return int(column)
    raise fitted.damaged("a column of its vocabulary is no whole number")

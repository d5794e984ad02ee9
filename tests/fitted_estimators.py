"""Estimators as a file gives them: records with attributes, decided on here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import import estimators
from vistazo.models.estimator_import.fitted import Fitted, version_of
from vistazo.models.estimator_import.registry import Importing
from vistazo.models.estimator_import.values import Name, Record
from vistazo.models.plan.matrix import SparseRows
from vistazo.models.plan.operation import Decider, Decisions, Transform

Numbers = NDArray[np.float64]
__all__ = ["estimators"]  # to import it is what registers what it knows


def record(class_name: str, **attributes: object) -> Record:
    return Record(Name("sklearn.somewhere", class_name), (), attributes)


def fitted(class_name: str, version: str = "1.5.2", **attributes: object) -> Fitted:
    """Lists become arrays, where they are plain ones of numbers."""
    made = {name: _array(value) for name, value in attributes.items()}
    whole = record(class_name, _sklearn_version=version, **made)
    return Fitted(whole, version_of(whole))


def _array(value: object) -> object:
    return np.array(value) if isinstance(value, list) and _is_plain(value) else value


def _is_plain(value: list[object]) -> bool:
    return not any(isinstance(each, (np.ndarray, Record, tuple)) for each in value)


def decider(class_name: str, version: str = "1.5.2", **attributes: object) -> Decider:
    return Importing().decider(fitted(class_name, version, **attributes))


def transform(class_name: str, version: str = "1.5.2", **attributes: object) -> Transform:
    return Importing().transform(fitted(class_name, version, **attributes))


def decided(
    class_name: str, rows: Numbers | SparseRows, version: str = "1.5.2", **attributes: object
) -> Decisions:
    return decider(class_name, version, **attributes).decide(rows)


def transformed(
    class_name: str, rows: Numbers | SparseRows, version: str = "1.5.2", **attributes: object
) -> Numbers:
    found = transform(class_name, version, **attributes).apply(rows)
    return found.dense() if isinstance(found, SparseRows) else found


def sparse(rows: Numbers) -> SparseRows:
    """The same rows, without their zeros."""
    places, columns = np.nonzero(rows)
    starts = np.searchsorted(places, np.arange(len(rows) + 1))
    return SparseRows(starts, columns, rows[places, columns], rows.shape[1])

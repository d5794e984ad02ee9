"""Columns that go different ways: sklearn.compose.ColumnTransformer, of rows of numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, transformer
from vistazo.models.estimator_import.values import Record
from vistazo.models.plan.composition import Chain, Union
from vistazo.models.plan.encoding import Taken
from vistazo.models.plan.operation import Transform

_Places = NDArray[np.int64]


@transformer("ColumnTransformer")
def column_transformer(fitted: Fitted, importing: Importing) -> Union:
    """Each part is given its columns; what they make of them stands side by side."""
    n_columns = _n_columns(fitted)
    weights = fitted.get("transformer_weights")
    known = weights if isinstance(weights, dict) else {}
    parts: list[Transform] = []
    scales: list[float] = []
    for name, part, columns in _parts(fitted):
        taken = Taken(_places(fitted, name, columns, n_columns), n_columns)
        if not len(taken.places) or part == "drop":
            continue
        own = () if isinstance(part, str) else (importing.transform(fitted.fitted(part, name)),)
        parts.append(Chain((taken, *own)))
        weight = known.get(name, 1.0)
        if not isinstance(weight, (int, float)):
            raise fitted.damaged("its transformer_weights are no numbers")
        scales.append(float(weight))
    if not parts:
        raise fitted.refusal("nothing is left of it")
    importing.tell(fitted, f"{len(parts)} parts")
    return Union(tuple(parts), tuple(scales))


def parts_of_columns(fitted: Fitted) -> list[Fitted]:
    """The estimators in it."""
    return [
        fitted.fitted(part, name) for name, part, _ in _parts(fitted) if not isinstance(part, str)
    ]


def _parts(fitted: Fitted) -> list[tuple[str, Record | str, object]]:
    found = fitted.get("transformers_")
    if not isinstance(found, list):
        raise fitted.unfitted("transformers_")
    parts: list[tuple[str, Record | str, object]] = []
    for entry in found:
        if not isinstance(entry, (list, tuple)) or len(entry) != 3:
            raise fitted.damaged("its transformers_ are no triples")
        name, part, columns = entry
        is_word = isinstance(part, str) and part in ("drop", "passthrough")
        if not isinstance(part, Record) and not is_word:
            raise fitted.damaged("its transformers_ hold no estimator")
        parts.append((str(name), part, columns))
    return parts


def _n_columns(fitted: Fitted) -> int:
    for name in ("n_features_in_", "_n_features"):
        if fitted.has(name):
            found = fitted.integer(name)
            if 0 < found <= 1 << 24:
                return found
    raise fitted.damaged("it does not say how many numbers it takes")


def _places(fitted: Fitted, name: str, columns: object, n_columns: int) -> _Places:
    """Places of columns, which may be given by name, or by which of all they are."""
    kept = fitted.get("_transformer_to_input_indices")
    if isinstance(kept, dict) and name in kept:
        columns = kept[name]
    listed = columns.tolist() if isinstance(columns, np.ndarray) else columns
    if not isinstance(listed, (list, tuple)):
        raise fitted.refusal("its columns are neither places nor names")
    if listed and all(isinstance(each, str) for each in listed):
        listed = _named(fitted, [str(each) for each in listed])
    if listed and all(isinstance(each, bool) for each in listed):
        listed = np.flatnonzero(listed).tolist() if len(listed) == n_columns else [n_columns]
    if not all(isinstance(each, (int, np.integer)) for each in listed):
        raise fitted.refusal("its columns are neither places nor names")
    places = np.array([int(each) for each in listed if abs(int(each)) < 1 << 31], dtype=np.int64)
    places = np.where(places < 0, places + n_columns, places)
    if len(places) != len(listed) or ((places < 0) | (places >= n_columns)).any():
        raise fitted.damaged("it takes a column that is not there")
    return places


def _named(fitted: Fitted, names: list[str]) -> list[int]:
    found = fitted.get("feature_names_in_", "_feature_names_in", "_df_columns")
    all_names = found.tolist() if isinstance(found, np.ndarray) else found
    if not isinstance(all_names, list):
        raise fitted.refusal("its columns have names, and their places are not in the file")
    places = {name: place for place, name in enumerate(all_names) if isinstance(name, str)}
    if not all(name in places for name in names):
        raise fitted.damaged("it takes a column that is not there")
    return [places[name] for name in names]

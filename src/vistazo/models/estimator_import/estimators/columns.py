"""Columns that go different ways: sklearn.compose.ColumnTransformer, of rows of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, transformer
from vistazo.models.estimator_import.values import Record
from vistazo.models.plan.composition import Chain, Union
from vistazo.models.plan.encoding import Taken
from vistazo.models.plan.operation import Transform

_Places = NDArray[np.int64]
_MOST_PLACES = 100_000  # the same column may be taken often


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
    if isinstance(columns, (str, int)):
        raise fitted.refusal(
            f"its part '{name}' takes a single column, as those of texts are: rows of numbers are "
            "served, or texts alone"
        )
    kept = fitted.get("_transformer_to_input_indices")
    if isinstance(kept, dict) and name in kept:
        columns = kept[name]
    if isinstance(columns, Record):
        columns = columns.attributes.get("data") or _sliced(fitted, columns, n_columns)
    listed = columns.tolist() if isinstance(columns, np.ndarray) else columns
    if not isinstance(listed, (list, tuple)):
        raise fitted.refusal("its columns are neither places nor names")
    whole = _counted(fitted, listed, n_columns)
    if len(whole) > _MOST_PLACES:
        raise fitted.damaged("it takes too many columns")
    if any(not -n_columns <= each < n_columns for each in whole):
        raise fitted.damaged("it takes a column that is not there")
    return np.array(whole, dtype=np.int64) % n_columns


def _counted(fitted: Fitted, listed: Sequence[object], n_columns: int) -> list[int]:
    """Places, of names and of a mask too."""
    if listed and all(isinstance(each, str) for each in listed):
        return _named(fitted, [str(each) for each in listed])
    if listed and all(isinstance(each, bool) for each in listed):
        is_whole = len(listed) == n_columns
        return [place for place, is_one in enumerate(listed) if is_one] if is_whole else [n_columns]
    whole = [int(each) for each in listed if isinstance(each, (int, np.integer))]
    if len(whole) != len(listed):
        raise fitted.refusal("its columns are neither places nor names")
    return whole


def _sliced(fitted: Fitted, record: Record, n_columns: int) -> _Places:
    """From the first to before the last; of names, which include the last."""
    bounds = list(record.arguments)
    if record.kind.name != "slice" or len(bounds) != 3:
        raise fitted.refusal("its columns are neither places nor names")
    if any(isinstance(each, str) for each in bounds[:2]):
        first, last = (
            None if each is None else _named(fitted, [str(each)])[0] for each in bounds[:2]
        )
        bounds[:2] = [first, None if last is None else last + 1]
    if bounds[2] == 0 or not all(each is None or type(each) is int for each in bounds):
        raise fitted.damaged("its columns are no slice of them")
    return np.arange(n_columns, dtype=np.int64)[slice(*bounds)]


def _named(fitted: Fitted, names: list[str]) -> list[int]:
    found = fitted.get("feature_names_in_", "_feature_names_in", "_df_columns")
    all_names = found.tolist() if isinstance(found, np.ndarray) else found
    if not isinstance(all_names, list):
        raise fitted.refusal("its columns have names, and their places are not in the file")
    places = {name: place for place, name in enumerate(all_names) if isinstance(name, str)}
    if not all(name in places for name in names):
        raise fitted.damaged("it takes a column that is not there")
    return [places[name] for name in names]

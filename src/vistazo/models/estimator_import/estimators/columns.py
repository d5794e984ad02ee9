"""Columns by name or place: sklearn.compose.ColumnTransformer. All of them hold numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, transformer
from vistazo.models.estimator_import.values import Record
from vistazo.models.plan.columns import ColumnParts
from vistazo.models.plan.composition import Chain

_Places = NDArray[np.int64]


@transformer("ColumnTransformer")
def column_transformer(fitted: Fitted, importing: Importing) -> ColumnParts:
    """What its parts make of their columns, side by side (``transform``)."""
    n_columns = _n_columns(fitted)
    weights = fitted.get("transformer_weights")
    known = weights if isinstance(weights, dict) else {}
    importing.tell(fitted, f"{n_columns} columns")
    parts, chosen, factors = [], [], []
    for name, part, columns in _parts(fitted):
        places = _places(fitted, name, columns, n_columns)
        if part == "drop" or not len(places):
            continue
        parts.append(_chain(fitted, part, importing))
        chosen.append(places)
        factors.append(_factor(fitted, known.get(name, 1.0)))
    return ColumnParts(tuple(chosen), tuple(parts), tuple(factors), n_columns)


def _n_columns(fitted: Fitted) -> int:
    name = "n_features_in_" if fitted.has("n_features_in_") else "_n_features"
    if not fitted.has(name):
        raise fitted.unfitted(name)
    found = fitted.integer(name)
    if not 0 < found <= 1_000_000:
        raise fitted.damaged(f"it cannot have {found} columns")
    return found


def _parts(fitted: Fitted) -> list[tuple[str, object, object]]:
    found = fitted.get("transformers_")
    if not isinstance(found, (list, tuple)):
        raise fitted.unfitted("transformers_")
    for each in found:
        if not isinstance(each, (list, tuple)) or len(each) != 3 or not isinstance(each[0], str):
            raise fitted.damaged("its transformers_ are no names, transformers and columns")
    return [(each[0], each[1], each[2]) for each in found]


def _chain(fitted: Fitted, part: object, importing: Importing) -> Chain:
    """One transform; none where the columns are passed through."""
    if isinstance(part, str) and part == "passthrough":
        return Chain(())
    return Chain((importing.transform(fitted.fitted(part, "transformers_")),))


def _factor(fitted: Fitted, weight: object) -> float:
    if isinstance(weight, (int, float, np.number)) and np.isfinite(weight):
        return float(weight)
    raise fitted.damaged("its transformer_weights are no numbers")


def _places(fitted: Fitted, name: str, columns: object, n_columns: int) -> _Places:
    """Of columns given as places, a slice, a mask, or names."""
    if isinstance(columns, Record):
        columns = columns.attributes.get("data", columns)  # _RemainderColsList of 1.5 and 1.6
    if isinstance(columns, Record):
        return _sliced(fitted, columns, n_columns)
    if isinstance(columns, (str, int)):
        raise fitted.refusal(
            f"its part '{name}' takes a single column, as those of texts are: rows of numbers are "
            "served, or texts alone"
        )
    if isinstance(columns, np.ndarray):
        columns = columns.tolist()
    if not isinstance(columns, (list, tuple)):
        raise fitted.damaged(f"the columns of its part '{name}' are unknown")
    if any(isinstance(each, str) for each in columns):
        columns = _named(fitted, name, columns)
    if columns and all(isinstance(each, (bool, np.bool_)) for each in columns):
        columns = [place for place, is_one in enumerate(columns) if is_one]
    return _checked(fitted, columns, n_columns)


def _sliced(fitted: Fitted, record: Record, n_columns: int) -> _Places:
    """From the first to before the last; of names, which include the last."""
    bounds = list(record.arguments)
    if record.kind.name != "slice" or len(bounds) != 3:
        raise fitted.refusal(f"it chooses columns by {record.kind}")
    if any(isinstance(each, str) for each in bounds):
        names = _names(fitted)
        first, last = (names.get(str(each)) for each in bounds[:2])
        bounds = [first, None if last is None else last + 1, bounds[2]]
    if not all(each is None or isinstance(each, (int, np.integer)) for each in bounds):
        raise fitted.damaged("its slices of columns are no whole numbers")
    if bounds[2] == 0:
        raise fitted.damaged("its slices of columns have no step")
    return np.arange(n_columns)[slice(*bounds)]


def _named(fitted: Fitted, part: str, columns: list[object] | tuple[object, ...]) -> list[object]:
    names = _names(fitted)
    unknown = [each for each in columns if each not in names]
    if unknown:
        raise fitted.refusal(
            f"its part '{part}' takes columns by name ({unknown[0]!r}), and the file does not say "
            "in which places they stand"
        )
    return [names[str(each)] for each in columns]


def _names(fitted: Fitted) -> dict[str, int]:
    """Places of names (``feature_names_in_``; ``_feature_names_in`` of 0.24)."""
    for name in ("feature_names_in_", "_feature_names_in"):
        if fitted.has(name):
            names = fitted.raw_array(name, n_axes=1)
            return {str(each): place for place, each in enumerate(names)}
    return {}


def _checked(fitted: Fitted, places: object, n_columns: int) -> _Places:
    """Below 0 they are counted from the end."""
    found = np.asarray(places if isinstance(places, list) and places else [], dtype=object)
    if found.ndim != 1 or not all(isinstance(each, (int, np.integer)) for each in found):
        raise fitted.damaged("its columns are no places")
    if len(found) > 1_000_000 or any(not -n_columns <= each < n_columns for each in found):
        raise fitted.damaged(f"its columns are not among {n_columns}")
    return found.astype(np.int64) % n_columns

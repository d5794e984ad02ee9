"""Categories that are numbers: OneHotEncoder and OrdinalEncoder of sklearn.preprocessing."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, transformer
from vistazo.models.plan.encoding import Encode

_Row = NDArray[np.float64]
_MOST_CATEGORIES = 1_000_000


@transformer("OneHotEncoder")
def one_hot_encoder(fitted: Fitted, importing: Importing) -> Encode:
    """A column for each category; none for one that is ``drop``ped, one for all of the rare."""
    if not fitted.has("categories_") or fitted.flag("_legacy_mode", default=False):
        return _counted(fitted, importing)
    categories = _categories(fitted)
    unknown = fitted.text("handle_unknown", "error")
    places, instead, width = [], [], 0
    for column, known in enumerate(categories):
        within, rare = _within(fitted, column, len(known))
        places.append(np.where(within < 0, -1, within + width))
        goes = rare if unknown in ("infrequent_if_exist", "warn") else -1
        instead.append(None if unknown == "error" else float(goes + width if goes >= 0 else -1))
        width += int(within.max(initial=-1)) + 1
    importing.tell(fitted, f"{width} categories")
    return _encode(categories, places, instead, width)


def _within(fitted: Fitted, column: int, n: int) -> tuple[_Row, int]:
    """The place of each category among the columns made of this one, -1 for none; and the place of
    those that are rare, or -1 (``_default_to_infrequent_mappings``, from 1.1).
    """
    grouped = _entry(fitted, "_default_to_infrequent_mappings", column)
    groups = np.arange(n) if grouped is None else _whole(fitted, grouped, n)
    rare = -1 if grouped is None else int(groups.max(initial=0))
    name = "_drop_idx_after_grouping" if fitted.has("_drop_idx_after_grouping") else "drop_idx_"
    dropped = _entry(fitted, name, column)
    if dropped is None:
        return groups.astype(np.float64), rare
    if grouped is not None and name == "drop_idx_":
        raise fitted.refusal("it both drops categories and groups the rare ones")
    place = int(_whole(fitted, [dropped], 1)[0])
    within = np.where(groups == place, -1, groups - (groups > place))
    return within.astype(np.float64), rare - (rare > place) if rare != place else -1


def _entry(fitted: Fitted, name: str, column: int) -> object:
    """Of a list with an entry for each column, or None."""
    found = fitted.get(name)
    if found is None:
        return None
    if not isinstance(found, (list, tuple, np.ndarray)) or column >= len(found):
        raise fitted.damaged(f"its {name} are not as many as its columns")
    entry: object = found[column]
    return entry


def _whole(fitted: Fitted, numbers: object, n: int) -> NDArray[np.int64]:
    found = np.asarray(numbers)
    if found.shape != (n,) or found.dtype.kind not in "iu" or (found < 0).any():
        raise fitted.damaged("its groups of categories are no places")
    if (found >= _MOST_CATEGORIES).any():
        raise fitted.damaged("it has too many categories")
    return found.astype(np.int64)


def _counted(fitted: Fitted, importing: Importing) -> Encode:
    """Before 0.20, and often before 0.22: values below ``n_values_``, of which those seen stay."""
    sizes = fitted.raw_array("n_values_", "_n_values_", n_axes=1)
    if sizes.dtype.kind not in "iu" or (sizes < 0).any() or sizes.sum() > _MOST_CATEGORIES:
        raise fitted.damaged("its n_values_ are no numbers of categories")
    starts = np.cumsum([0, *sizes.tolist()])
    columns = np.arange(starts[-1])
    if fitted.get("n_values", "_n_values", default="auto") == "auto":
        seen = fitted.raw_array("active_features_", "_active_features_", n_axes=1)
        columns = np.where(np.isin(columns, seen), np.cumsum(np.isin(columns, seen)) - 1, -1)
    if fitted.get("categorical_features", default="all") not in ("all", None):
        raise fitted.refusal("it encodes some of the columns only")
    unknown = None if fitted.text("handle_unknown", "error") == "error" else -1.0
    pairs = list(pairwise(starts))
    importing.tell(fitted, f"{int(columns.max(initial=-1)) + 1} categories")
    return _encode(
        [np.arange(end - start, dtype=np.float64) for start, end in pairs],
        [columns[start:end].astype(np.float64) for start, end in pairs],
        [unknown] * len(pairs),
        int(columns.max(initial=-1)) + 1,
    )


@transformer("OrdinalEncoder")
def ordinal_encoder(fitted: Fitted, importing: Importing) -> Encode:
    """The place of each number among the categories of its column."""
    categories = _categories(fitted)
    if any(
        _entry(fitted, "_default_to_infrequent_mappings", column) is not None
        for column in range(len(categories))
    ):
        raise fitted.refusal("it groups rare categories")
    is_error = fitted.text("handle_unknown", "error") == "error"
    unknown = None if is_error else fitted.number("unknown_value")
    missing = fitted.number("encoded_missing_value", float("nan"))
    importing.tell(fitted, f"{len(categories)} columns")
    places = [
        np.where(np.isnan(known), missing, np.arange(len(known), dtype=np.float64))
        for known in categories
    ]
    return _encode(categories, places, [unknown] * len(categories), None)


def _categories(fitted: Fitted) -> list[_Row]:
    """Of each column, rising; NaN last."""
    found = fitted.get("categories_")
    if not isinstance(found, (list, tuple)) or not found:
        raise fitted.unfitted("categories_")
    return [_numbers(fitted, each, column) for column, each in enumerate(found)]


def _numbers(fitted: Fitted, categories: object, column: int) -> _Row:
    if not isinstance(categories, np.ndarray) or categories.ndim != 1 or not len(categories):
        raise fitted.damaged("its categories_ are no lists")
    if categories.dtype.kind not in "fiub" and not all(
        isinstance(each, (bool, int, float, np.number)) for each in categories
    ):
        raise fitted.refusal(
            f"its column {column + 1} holds words such as {str(categories[0])[:40]!r}, and rows of "
            "numbers are served. Encode them before, and save what follows"
        )
    numbers = categories.astype(np.float64)
    order = np.argsort(numbers, kind="stable")
    if len(numbers) > _MOST_CATEGORIES or (order != np.arange(len(numbers))).any():
        raise fitted.damaged("its categories_ do not rise")
    return np.asarray(numbers)


def _encode(
    categories: list[_Row], codes: list[_Row], unknown: list[float | None], width: int | None
) -> Encode:
    starts = np.cumsum([0, *map(len, categories)]).astype(np.int64)
    return Encode(np.concatenate(categories), np.concatenate(codes), starts, tuple(unknown), width)

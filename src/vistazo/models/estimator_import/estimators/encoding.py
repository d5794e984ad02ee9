"""Categories as numbers: sklearn.preprocessing.OneHotEncoder and OrdinalEncoder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, transformer
from vistazo.models.plan.encoding import Encode

_Row = NDArray[np.float64]


@transformer("OneHotEncoder")
def one_hot_encoder(fitted: Fitted, importing: Importing) -> Encode:
    """A column for each category of each column, without those of ``drop``."""
    categories = _categories(fitted)
    importing.tell(fitted, f"{sum(map(len, categories))} categories")
    if fitted.flag("_infrequent_enabled", default=False):
        raise fitted.refusal("it puts rare categories together")
    dropped = _dropped(fitted, categories)
    codes, width = [], 0
    for each, drop in zip(categories, dropped, strict=True):
        stays = np.arange(len(each)) != drop
        codes.append(np.where(stays, width + np.cumsum(stays) - 1, -1).astype(np.float64))
        width += int(stays.sum())
    unknown = None if fitted.word("handle_unknown", "error") == "error" else -1.0
    return _encode(categories, codes, unknown, width)


@transformer("OrdinalEncoder")
def ordinal_encoder(fitted: Fitted, importing: Importing) -> Encode:
    """The place of each category among those of its column."""
    categories = _categories(fitted)
    importing.tell(fitted, f"{sum(map(len, categories))} categories")
    if fitted.flag("_infrequent_enabled", default=False):
        raise fitted.refusal("it puts rare categories together")
    missing = fitted.number("encoded_missing_value", np.nan)
    codes = [np.where(np.isnan(each), missing, np.arange(len(each))) for each in categories]
    unknown = None
    if fitted.word("handle_unknown", "error") == "use_encoded_value":
        unknown = fitted.number("unknown_value")
    return _encode(categories, codes, unknown, None)


def _categories(fitted: Fitted) -> list[_Row]:
    found = fitted.get("categories_")
    if not isinstance(found, (list, tuple)) or not found:
        raise fitted.unfitted("categories_")
    return [_numbers(fitted, each) for each in found]


def _numbers(fitted: Fitted, found: object) -> _Row:
    if not isinstance(found, np.ndarray) or found.ndim != 1 or not len(found):
        raise fitted.damaged("its categories_ are no rows")
    if found.dtype == object and all(isinstance(each, (int, float)) for each in found):
        found = found.astype(np.float64)
    if found.dtype.kind not in "fiub":
        raise fitted.refusal("its categories are texts, and rows are of numbers")
    numbers = found.astype(np.float64)
    if len(np.unique(numbers)) != len(numbers):
        raise fitted.damaged("its categories_ are not different")
    return numbers


def _dropped(fitted: Fitted, categories: list[_Row]) -> list[int]:
    """The place of the category of each column that is left out, or -1."""
    found = fitted.get("drop_idx_")
    if found is None:
        return [-1] * len(categories)
    places = found.tolist() if isinstance(found, np.ndarray) else found
    if not isinstance(places, list) or len(places) != len(categories):
        raise fitted.damaged("its drop_idx_ are not as many as its columns")
    if not all(each is None or isinstance(each, (int, np.integer)) for each in places):
        raise fitted.damaged("its drop_idx_ are no places")
    return [-1 if each is None else int(each) for each in places]


def _encode(
    categories: list[_Row], codes: list[_Row], unknown: float | None, width: int | None
) -> Encode:
    order = [np.argsort(each) for each in categories]
    return Encode(
        np.concatenate([each[o] for each, o in zip(categories, order, strict=True)]),
        np.concatenate([each[o] for each, o in zip(codes, order, strict=True)]),
        np.cumsum([0, *map(len, categories)]),
        unknown,
        width,
    )

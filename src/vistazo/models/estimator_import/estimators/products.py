"""New columns of the old: sklearn.preprocessing.PolynomialFeatures and KBinsDiscretizer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, combinations_with_replacement
from math import comb

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, transformer
from vistazo.models.plan.selection import Bins, Products

_MOST_COLUMNS = 100_000
_MOST_DEGREE = 50
_FIRST_WITHOUT_NUDGE = (1, 1)


@transformer("PolynomialFeatures")
def polynomial_features(fitted: Fitted, importing: Importing) -> Products:
    """All products of up to ``degree`` columns, the lower degrees first."""
    if fitted.has("powers_"):  # before 0.16
        products = _of_powers(fitted, fitted.array("powers_", n_axes=2))
    else:
        products = _in_order(fitted)
    importing.tell(fitted, f"{len(products.factors)} columns")
    return products


def _in_order(fitted: Fitted) -> Products:
    n_columns = _n_columns(fitted)
    lowest, highest = _degrees(fitted)
    once = fitted.flag("interaction_only", default=False)
    degrees = range(max(lowest, 1), highest + 1)
    bias = fitted.flag("include_bias", default=True)
    count = bias + sum(
        comb(n_columns, degree) if once else comb(n_columns + degree - 1, degree)
        for degree in degrees
    )
    if count * max(1, highest) > _MOST_COLUMNS * 4 or count > _MOST_COLUMNS:
        raise fitted.refusal(f"it makes more than {_MOST_COLUMNS} columns")
    choose = combinations if once else combinations_with_replacement
    products: Iterator[tuple[int, ...]] = chain.from_iterable(
        choose(range(n_columns), degree) for degree in ([0] if bias else []) + list(degrees)
    )
    return _products(list(products), n_columns, highest)


def _n_columns(fitted: Fitted) -> int:
    for name in ("n_features_in_", "n_input_features_", "_n_features_in"):
        if fitted.has(name):
            n_columns = fitted.integer(name)
            if not 1 <= n_columns <= _MOST_COLUMNS:
                raise fitted.damaged("it has no columns, or too many")
            return n_columns
    raise fitted.unfitted("n_features_in_")


def _degrees(fitted: Fitted) -> tuple[int, int]:
    """``degree`` is the highest, or the lowest and the highest."""
    said = fitted.get("degree", default=2)
    if isinstance(said, (tuple, list)):
        both = fitted.array("degree", n_axes=1)
        if len(both) != 2:
            raise fitted.damaged("its degree is no pair")
        lowest, highest = int(both[0]), int(both[1])
    else:
        lowest, highest = 0, fitted.integer("degree", 2)
    if not 0 <= lowest <= highest <= _MOST_DEGREE:
        raise fitted.refusal(f"its degree is not from 0 to {_MOST_DEGREE}")
    return lowest, highest


def _of_powers(fitted: Fitted, powers: NDArray[np.float64]) -> Products:
    whole = powers.astype(np.int64)
    if (whole < 0).any() or (whole.sum(axis=1) > _MOST_DEGREE).any() or not whole.shape[1]:
        raise fitted.damaged("its powers_ are no powers")
    if len(whole) > _MOST_COLUMNS:
        raise fitted.refusal(f"it makes more than {_MOST_COLUMNS} columns")
    places = np.arange(whole.shape[1])
    products = [tuple(int(place) for place in np.repeat(places, row)) for row in whole]
    return _products(products, whole.shape[1], int(whole.sum(axis=1).max(initial=0)))


def _products(products: list[tuple[int, ...]], n_columns: int, degree: int) -> Products:
    factors = np.full((len(products), degree), n_columns, dtype=np.int64)
    for place, product in enumerate(products):
        factors[place, : len(product)] = product
    return Products(factors)


@transformer("KBinsDiscretizer")
def bins(fitted: Fitted, importing: Importing) -> Bins:
    """The bin of each number: below the first and above the last edge belongs to these bins."""
    importing.tell(fitted)
    edges = [each[1:-1] for each in fitted.arrays("bin_edges_") if each.ndim == 1]
    if not edges or any((np.diff(each) < 0).any() for each in edges):
        raise fitted.damaged("its bin_edges_ do not rise")
    starts = np.cumsum([0, *map(len, edges)])
    is_one_hot = fitted.word("encode", "onehot") != "ordinal"
    nudge = 0.0 if fitted.version >= _FIRST_WITHOUT_NUDGE else 1e-5
    return Bins(np.concatenate(edges), starts, nudge, is_one_hot)

"""Numbers brought to a scale: sklearn.preprocessing."""

from __future__ import annotations

from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, transformer
from vistazo.models.estimator_import.values import Record
from vistazo.models.plan.operation import Transform
from vistazo.models.plan.quantiles import Quantiles
from vistazo.models.plan.scaling import (
    Binarize,
    Norm,
    Normalize,
    PowerMethod,
    PowerTransform,
    Standardize,
    Stretch,
)

_FIRST_WITHOUT_SIGN = (0, 23)
_Row = NDArray[np.float64]


@transformer("StandardScaler", "Scaler")
def standard_scaler(fitted: Fitted, importing: Importing) -> Standardize:
    """``(x - mean) / deviation``; ``std_`` until 0.17."""
    importing.tell(fitted)
    return _standardize(fitted)


def _standardize(fitted: Fitted) -> Standardize:
    mean = _row(fitted, "mean_") if fitted.flag("with_mean", default=True) else None
    has_scale = fitted.flag("with_std", default=True)
    return _fitting(fitted, mean, _divisor(fitted, "scale_", "std_") if has_scale else None)


@transformer("RobustScaler")
def robust_scaler(fitted: Fitted, importing: Importing) -> Standardize:
    """``(x - median) / range of quantiles``."""
    importing.tell(fitted)
    centre = _row(fitted, "center_") if fitted.flag("with_centering", default=True) else None
    has_scale = fitted.flag("with_scaling", default=True)
    return _fitting(fitted, centre, _divisor(fitted, "scale_") if has_scale else None)


@transformer("MaxAbsScaler")
def max_abs_scaler(fitted: Fitted, importing: Importing) -> Standardize:
    """``x / scale``, which is the largest absolute value, or 1 where that is 0."""
    importing.tell(fitted)
    return Standardize(None, _divisor(fitted, "scale_"))


@transformer("MinMaxScaler")
def min_max_scaler(fitted: Fitted, importing: Importing) -> Stretch:
    """``x * scale + min``; with ``clip`` kept within ``feature_range``."""
    importing.tell(fitted)
    scale, low = _row(fitted, "scale_"), _row(fitted, "min_")
    if len(scale) != len(low):
        raise fitted.damaged("its scale_ and min_ are not as long as each other")
    if not fitted.flag("clip", default=False):
        return Stretch(scale, low, None, None)
    limits = fitted.array("feature_range", n_axes=1)
    if len(limits) != 2:
        raise fitted.damaged("its feature_range is no pair")
    return Stretch(scale, low, float(limits[0]), float(limits[1]))


@transformer("Normalizer")
def normalizer(fitted: Fitted, importing: Importing) -> Normalize:
    """Rows of norm 1. 'max' was the largest number with its sign until 0.22."""
    importing.tell(fitted)
    norm = fitted.word("norm", "l2")
    if norm == "max":
        return Normalize("max" if fitted.version >= _FIRST_WITHOUT_SIGN else "highest")
    if norm in ("l1", "l2"):
        return Normalize(cast("Norm", norm))
    raise fitted.refusal(f"its norm '{norm[:40]}' is not known here")


@transformer("Binarizer")
def binarizer(fitted: Fitted, importing: Importing) -> Binarize:
    """1 above the threshold, else 0."""
    importing.tell(fitted)
    return Binarize(fitted.number("threshold", 0.0))


@transformer("PowerTransformer")
def power_transformer(fitted: Fitted, importing: Importing) -> PowerTransform:
    """Yeo-Johnson or Box-Cox, standardized afterwards."""
    importing.tell(fitted)
    method = fitted.word("method", "yeo-johnson")
    exponents = _row(fitted, "lambdas_")
    then = Standardize(None, None)
    if fitted.flag("standardize", default=True):
        then = _standardize(fitted.child("_scaler"))
    if method in get_args(PowerMethod):
        return PowerTransform(cast("PowerMethod", method), exponents, then)
    raise fitted.refusal(f"its method '{method[:40]}' is not known here")


@transformer("QuantileTransformer")
def quantile_transformer(fitted: Fitted, importing: Importing) -> Quantiles:
    """The share of training below each number, or what a normal distribution has there."""
    importing.tell(fitted)
    quantiles = fitted.array("quantiles_", n_axes=2)
    shares = fitted.array("references_", n_axes=1)
    if len(quantiles) != len(shares) or not quantiles.size:
        raise fitted.damaged("its quantiles_ are not as many as its references_")
    if shares[0] < 0 or shares[-1] > 1:
        raise fitted.damaged("its references_ are no shares")
    return Quantiles(quantiles, shares, fitted.word("output_distribution") == "normal")


@transformer("FunctionTransformer")
def function_transformer(fitted: Fitted, importing: Importing) -> Transform:
    """Nothing, where it was given no function: another is code, which is not run."""
    importing.tell(fitted)
    function = fitted.get("func")
    if function is None:
        return Standardize(None, None)
    name = function.kind if isinstance(function, Record) else function
    raise fitted.refusal(f"it calls a function ({str(name)[:80]})")


def _row(fitted: Fitted, *names: str) -> _Row:
    return np.atleast_1d(fitted.array(*names)).ravel()


def _divisor(fitted: Fitted, *names: str) -> _Row:
    found = _row(fitted, *names)
    if not found.all():
        raise fitted.damaged(f"its {names[0]} have a zero")
    return found


def _fitting(fitted: Fitted, minus: _Row | None, over: _Row | None) -> Standardize:
    if minus is not None and over is not None and len(minus) != len(over):
        raise fitted.damaged("what it subtracts and what it divides by are not as long")
    return Standardize(minus, over)

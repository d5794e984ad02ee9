"""What is missing: sklearn.impute.SimpleImputer, before 0.20 sklearn.preprocessing.Imputer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, transformer
from vistazo.models.plan.scaling import Impute


@transformer("SimpleImputer", "Imputer")
def imputer(fitted: Fitted, importing: Importing) -> Impute:
    """Each column's mean, median, most frequent or given value. A column of which no value was
    known in training is left out.
    """
    strategy = fitted.word("strategy", "mean")
    importing.tell(fitted, strategy)
    if fitted.class_name == "Imputer" and fitted.integer("axis", 0) != 0:
        raise fitted.refusal("it fills in along rows (axis=1)")
    found = fitted.raw_array("statistics_", n_axes=1)
    if found.dtype == object:
        found = _numbers(fitted, found)
    if found.dtype.kind not in "fiub":
        raise fitted.refusal("it fills in texts")
    statistics = found.astype(np.float64)
    known = np.flatnonzero(~np.isnan(statistics))
    return Impute(_missing(fitted), statistics, known, _indicated(fitted, len(statistics)))


def _numbers(fitted: Fitted, found: NDArray[np.object_]) -> NDArray[np.float64]:
    if not all(isinstance(each, (int, float, np.number)) for each in found):
        raise fitted.refusal("it fills in texts")
    return np.array([float(each) for each in found])


def _missing(fitted: Fitted) -> float | None:
    """None for NaN, which is 'NaN' in the older one."""
    said = fitted.get("missing_values", default=np.nan)
    if isinstance(said, str) and said.lower() == "nan":
        return None
    if isinstance(said, (int, float, np.number)):
        number = fitted.number("missing_values", np.nan)
        return None if np.isnan(number) else number
    if said is None or type(said).__name__ == "Name" or isinstance(said, str):
        raise fitted.refusal("what is missing is no number in it")
    raise fitted.damaged("its missing_values is no number")


def _indicated(fitted: Fitted, n_columns: int) -> NDArray[np.int64]:
    if not fitted.flag("add_indicator", default=False):
        return np.zeros(0, dtype=np.int64)
    found = fitted.child("indicator_").array("features_", n_axes=1).astype(np.int64)
    if ((found < 0) | (found >= n_columns)).any():
        raise fitted.damaged("its indicator is of columns that it has not")
    return found

"""The estimators that are known, one small function under each one's class name.

Importing a module of this package registers what it knows.
"""

from vistazo.models.estimator_import.estimators import (
    adaboost,
    boosting,
    calibration,
    composition,
    dummy,
    ensembles,
    histogram_boosting,
    linear,
    multiclass,
    trees,
    wrapped,
)

__all__ = [
    "adaboost",
    "boosting",
    "calibration",
    "composition",
    "dummy",
    "ensembles",
    "histogram_boosting",
    "linear",
    "multiclass",
    "trees",
    "wrapped",
]

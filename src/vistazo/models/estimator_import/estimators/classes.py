"""How many classes an estimator tells apart, and whether what was fitted agrees with it."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.values import Record
from vistazo.models.plan.operation import Decider

# Where ``classes_`` is a property, its value is that of this attribute.
_ENCODERS = ("_label_binarizer", "_enc", "label_binarizer_", "_le", "le_")
_Decider = TypeVar("_Decider", bound=Decider)


def agreeing(fitted: Fitted, decider: _Decider) -> _Decider:
    """The decider, which has to have as many classes as the estimator. Raises ModelError."""
    count = count_of_classes(fitted)
    if count not in (None, decider.n_classes):
        raise fitted.damaged(f"it has {count} classes, but numbers for {decider.n_classes}")
    return decider


def fitted_classes(fitted: Fitted) -> object:
    """``classes_``, which may be a property: then they are those of what encodes the labels. None
    where there are none. Raises UnsupportedModelError for several labels of one sample.
    """
    if fitted.has("classes_"):
        return fitted.get("classes_")
    for name in _ENCODERS:
        encoder = fitted.get(name)
        if isinstance(encoder, Record) and "classes_" in encoder.attributes:
            kind = encoder.attributes.get("y_type_")
            if isinstance(kind, str) and kind.startswith("multi") and kind != "multiclass":
                raise fitted.refusal("it gives several labels for one sample (multilabel)")
            return encoder.attributes["classes_"]
    return None


def count_of_classes(fitted: Fitted) -> int | None:
    """None where the estimator does not say. Raises UnsupportedModelError for several outputs."""
    found = fitted_classes(fitted)
    if isinstance(found, (list, tuple)):
        if any(isinstance(each, (list, tuple, np.ndarray)) for each in found):
            raise fitted.refusal("it gives several answers for one sample (multi-output)")
        return len(found)
    if isinstance(found, np.ndarray):
        if found.ndim != 1:
            raise fitted.refusal("it gives several answers for one sample (multi-output)")
        return len(found)
    return None

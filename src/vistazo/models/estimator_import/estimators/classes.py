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


def count_of_classes(fitted: Fitted) -> int | None:
    """None where the estimator does not say. Raises UnsupportedModelError for several outputs."""
    found = fitted.get("classes_")
    for name in _ENCODERS:
        encoder = fitted.get(name)
        if found is None and isinstance(encoder, Record):
            found = encoder.attributes.get("classes_")
            if encoder.attributes.get("y_type_", "multiclass").__class__ is str:
                _single(fitted, str(encoder.attributes.get("y_type_", "")))
    if isinstance(found, (list, tuple)):
        if any(isinstance(each, (list, tuple, np.ndarray)) for each in found):
            raise fitted.refusal("it gives several answers for one sample (multi-output)")
        return len(found)
    if isinstance(found, np.ndarray):
        return len(found) if found.ndim == 1 else None
    return None


def _single(fitted: Fitted, kind: str) -> None:
    if kind.startswith("multilabel") or "multioutput" in kind:
        raise fitted.refusal("it gives several labels for one sample (multilabel)")

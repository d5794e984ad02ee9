"""The labels of a fitted classifier, and where those of one stand among those of another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.estimators.classes import fitted_classes
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.values import Record
from vistazo.models.plan.summary import Label

# What holds the estimator whose labels those of an estimator are that keeps none itself.
_HELD_IN = ("best_estimator_", "estimator_", "base_estimator_", "final_estimator_", "estimator")


def classes_of(fitted: Fitted) -> list[Label]:
    """``classes_``, in order, as plain values. Raises ModelError where there are none of one
    question only.
    """
    found = fitted_classes(fitted)
    if found is not None:
        return _plain(fitted, found)
    held = _held(fitted)
    if held is None:
        raise fitted.unfitted("classes_")
    return classes_of(held)


def places_of(child: Fitted, known: Sequence[Label]) -> NDArray[np.int64]:
    """Where the child's labels stand among the known ones: these are 0, 1, 2... where it was
    trained on numbers of classes. All different.

    Raises UnreadableModelError where one is not among them.
    """
    own = classes_of(child)
    places = {label: place for place, label in reversed(list(enumerate(known)))}
    found = [places.get(label, -1) for label in own]
    if -1 in found or len(set(found)) < len(found):
        raise child.damaged("its classes are not among those of the estimator that holds it")
    return np.array(found, dtype=np.int64)


def _held(fitted: Fitted) -> Fitted | None:
    steps = fitted.get("steps")
    if isinstance(steps, list) and steps:
        last = steps[-1]
        return fitted.fitted(last[1], "steps") if isinstance(last, tuple) and last[1:] else None
    for name in _HELD_IN:
        if isinstance(fitted.get(name), Record):
            return fitted.child(name)
    return None


def _plain(fitted: Fitted, classes: object) -> list[Label]:
    if isinstance(classes, np.ndarray) and classes.ndim == 1:
        classes = classes.tolist()
    if not isinstance(classes, (list, tuple)) or not classes:
        raise fitted.damaged("its classes_ are no list")
    if any(isinstance(each, (list, tuple, np.ndarray)) for each in classes):
        raise fitted.refusal("it answers several questions at once (multi-output)")
    return [_label(fitted, each) for each in classes]


def _label(fitted: Fitted, value: object) -> Label:
    """Texts of Python 2 are bytes."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (str, bool, int, float)):
        return value
    raise fitted.damaged("its classes_ are neither texts nor numbers")

"""The classes of a classifier, as plain values."""

from __future__ import annotations

import numpy as np

from vistazo.models.estimator_import.estimators.classes import fitted_classes
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.plan.summary import Label

_MOST_CHARS = 200


def labels_of(classifier: Fitted, encoder: Fitted | None) -> tuple[Label, ...]:
    """Its ``classes_`` in order: of a LabelEncoder beside it, where these are its numbers.

    Raises ModelError where there are none, fewer than two, or two that look the same.
    """
    labels = _classes(classifier)
    if encoder is not None:
        names = _classes(encoder)
        if all(isinstance(label, int) and 0 <= label < len(names) for label in labels):
            labels = tuple(names[int(label)] for label in labels)
    if len(labels) < 2:
        raise classifier.refusal("it knows one class only")
    if len({str(label) for label in labels}) < len(labels):
        raise classifier.damaged("two of its classes_ look the same")
    return labels


def _classes(fitted: Fitted) -> tuple[Label, ...]:
    found = fitted_classes(fitted)
    if isinstance(found, np.ndarray) and found.ndim == 1:
        found = found.tolist()
    if not isinstance(found, (list, tuple)):
        raise fitted.unfitted("classes_")
    return tuple(_label(value, fitted) for value in found)


def _label(value: object, fitted: Fitted) -> Label:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):  # halves of characters have no place in an answer
        return value[:_MOST_CHARS].encode("utf-8", "backslashreplace").decode()
    if isinstance(value, (bool, int, float)):
        return value
    raise fitted.refusal("it has several outputs, or classes that are neither texts nor numbers")

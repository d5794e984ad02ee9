"""What answers the same whatever it is asked: sklearn.dummy, and a class that was always there."""

from __future__ import annotations

import numpy as np

from vistazo.models.estimator_import.estimators.class_places import classes_of
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.plan.constant import Constant


@classifier("DummyClassifier")
def dummy(fitted: Fitted, importing: Importing) -> Constant:
    """``prior``: the shares of the classes in training; ``most_frequent`` and ``constant``: one."""
    importing.tell(fitted)
    labels = classes_of(fitted)
    prior = fitted.array("class_prior_").ravel()
    if prior.size != len(labels):
        raise fitted.damaged("it has no share for each class")
    strategy = fitted.text("strategy", "prior")
    if strategy == "constant":
        constant = fitted.raw_array("constant").ravel().tolist()
        if len(constant) != 1 or constant[0] not in labels:
            raise fitted.damaged("its constant is not among its classes")
        return _certain(labels.index(constant[0]), len(labels))
    if strategy == "most_frequent":
        return _certain(int(prior.argmax()), len(labels))
    if strategy == "prior":
        return Constant(prior, None, int(prior.argmax()))
    raise fitted.refusal(f"its answers are random (strategy '{strategy[:20]}')")


def _certain(place: int, n_classes: int) -> Constant:
    return Constant(np.eye(n_classes)[place], None, place)


@classifier("_ConstantPredictor")
def constant_predictor(fitted: Fitted, _: Importing) -> Constant:
    """Of one class against the rest, where training had no sample without it, or none with it."""
    found = fitted.array("y_").ravel()
    if found.size != 1 or found[0] not in (-1, 0, 1):
        raise fitted.damaged("its class is none of two")
    value = float(found[0])
    return Constant(np.array([1 - value, value]), np.array([-value, value]), int(value > 0))

"""sklearn.dummy: classifiers that do not look at what they are given."""

from __future__ import annotations

import numpy as np

from vistazo.models.estimator_import.estimators.classes import agreeing
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.plan.constant import Constant


@classifier("DummyClassifier")
def dummy(fitted: Fitted, importing: Importing) -> Constant:
    """The most frequent class, or the one that was asked for."""
    importing.tell(fitted)
    strategy = fitted.text("strategy", "prior")
    if fitted.integer("n_outputs_", 1) != 1:
        raise fitted.refusal("it gives several answers for one sample (multi-output)")
    if strategy in ("stratified", "uniform"):
        raise fitted.refusal(f"it answers by chance (strategy '{strategy}')")
    if strategy == "constant":
        return agreeing(fitted, _asked_for(fitted))
    priors = fitted.array("class_prior_", n_axes=1)
    if not len(priors) or strategy not in ("prior", "most_frequent"):
        raise fitted.refusal(f"its strategy '{strategy[:40]}' is not known here")
    first = int(priors.argmax())
    chances = priors if strategy == "prior" else np.eye(len(priors))[first]
    return agreeing(fitted, Constant(first, chances))


def _asked_for(fitted: Fitted) -> Constant:
    classes = np.ravel(fitted.raw_array("classes_"))
    constant = fitted.get("constant")
    if not isinstance(constant, np.ndarray):
        constant = np.asarray(constant)
    if constant.dtype == object or constant.size != 1:
        raise fitted.refusal("its constant is no class")
    places = np.flatnonzero(classes == constant.ravel()[0])
    if len(places) != 1:
        raise fitted.damaged("its constant is none of its classes")
    return Constant(int(places[0]), np.eye(len(classes))[places[0]])

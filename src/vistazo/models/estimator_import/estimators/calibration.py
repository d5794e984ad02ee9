"""sklearn.calibration: scores turned into probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.estimators.class_places import classes_of, places_of
from vistazo.models.estimator_import.estimators.ensembles import members_of
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.plan.calibrated import Calibrated, Curve, Sigmoid, Steps, Tempered
from vistazo.models.plan.operation import Decider
from vistazo.models.plan.votes import Mean

# From here on a classifier of two classes gives the probability of the second alone.
_SECOND_ONLY = (1, 4)
# The scores of these were scaled by the largest of a request, of three and more classes.
_PAIRS, _TWO, _BY_THEMSELVES = ("SVC", "NuSVC"), 2, (0, 21)
# Where the points of an isotonic regression are: from 0.24 on, from 0.18 on, before.
_POINTS = (("X_thresholds_", "y_thresholds_"), ("_necessary_X_", "_necessary_y_"), ("X_", "y_"))


@classifier("CalibratedClassifierCV")
def calibrated_cv(fitted: Fitted, importing: Importing) -> Decider:
    """The mean of classifiers that were each calibrated on other samples."""
    members = members_of(fitted, "calibrated_classifiers_")
    labels = classes_of(fitted)
    base = _base(members[0])
    importing.tell(fitted, f"{len(members)} of {base.class_name}")
    deciders = tuple(_calibrated(member, importing, fitted) for member in members)
    if len(deciders) == 1:
        return deciders[0]
    places = tuple(np.arange(len(labels)) for _ in deciders)
    weights = np.ones(len(deciders))
    return Mean(deciders, places, (), weights, len(labels), with_scores=False)


def _base(member: Fitted) -> Fitted:
    """``base_estimator`` before 1.2."""
    return member.child("estimator", "base_estimator")


def _calibrated(member: Fitted, importing: Importing, whole: Fitted) -> Decider:
    base, labels = _base(member), classes_of(whole)
    if base.class_name in _PAIRS and len(labels) > _TWO and whole.version < _BY_THEMSELVES:
        raise whole.refusal(
            f"before scikit-learn 0.21 the scores of {base.class_name} depended on what else was "
            "asked with a sample. Save it again with a later one"
        )
    decider = importing.part(base)
    calibrators = member.children("calibrators", "calibrators_")
    if len(calibrators) == 1 and calibrators[0].class_name == "_TemperatureScaling":
        if decider.n_classes != len(labels):
            raise whole.refusal("a member knows fewer classes than it")
        return Tempered(decider, calibrators[0].number("beta_"))
    places = places_of(base, labels)
    if len(labels) == 2:
        places = np.array([1])
    curves = tuple(_curve(each) for each in calibrators)
    if not 0 < len(curves) <= len(places) or decider.n_classes > len(labels) or len(labels) < 2:
        raise whole.damaged("it has no calibration for each class")
    second_only = whole.version >= _SECOND_ONLY
    return Calibrated(decider, curves, places[: len(curves)], len(labels), second_only)


def _curve(fitted: Fitted) -> Curve:
    if fitted.class_name in ("_SigmoidCalibration", "_SigmoidCalibrator"):
        return Sigmoid(fitted.number("a_"), fitted.number("b_"))
    if fitted.class_name == "IsotonicRegression":
        return isotonic(fitted)
    raise fitted.refusal("its way to calibrate is not known here")


def isotonic(fitted: Fitted) -> Steps:
    """sklearn.isotonic.IsotonicRegression, level outside (out_of_bounds="clip")."""
    for names in _POINTS:
        if all(fitted.has(name) for name in names):
            scores, chances = (fitted.array(name, n_axes=1) for name in names)
            single = fitted.raw_array(names[0]).dtype == np.float32
            return _steps(fitted, scores, chances, single=bool(single))
    raise fitted.unfitted("X_thresholds_")


def _steps(
    fitted: Fitted, scores: NDArray[np.float64], chances: NDArray[np.float64], *, single: bool
) -> Steps:
    if not len(scores) or len(scores) != len(chances) or (np.diff(scores) < 0).any():
        raise fitted.damaged("its points are in no order")
    return Steps(scores, chances, single)

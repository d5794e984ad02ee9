"""Discriminant analysis: sklearn.discriminant_analysis, before 0.17 sklearn.lda and .qda."""

from __future__ import annotations

import numpy as np

from vistazo.models.estimator_import.estimators.classes import agreeing
from vistazo.models.estimator_import.estimators.linear import linear
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, classifier, transformer
from vistazo.models.plan.likelihood import QuadraticDiscriminant
from vistazo.models.plan.linear import Linear
from vistazo.models.plan.projection import Project

_FIRST_SOFTMAX = (0, 21)


@classifier("LinearDiscriminantAnalysis", "LDA")
def linear_discriminant(fitted: Fitted, importing: Importing) -> Linear:
    """Softmax of the decision values; before 0.21, of three classes and more, shares of logistic
    functions. Of two classes both are the logistic function.
    """
    importing.tell(fitted)
    if "solver" not in fitted.record.attributes:
        return _first_discriminant(fitted)
    return linear(fitted, "softmax" if fitted.version >= _FIRST_SOFTMAX else "logistic")


def _first_discriminant(fitted: Fitted) -> Linear:
    """Before 0.16: ``(rows - xbar) @ scalings @ coef.T + intercept``, a softmax over all classes;
    of two their difference.
    """
    scalings, mean = fitted.array("scalings_", n_axes=2), fitted.array("xbar_", n_axes=1)
    coefficients = fitted.array("coef_", n_axes=2)
    intercept = fitted.array("intercept_", n_axes=1)
    shapes = (len(mean), coefficients.shape[1])
    if scalings.shape != shapes or len(intercept) != len(coefficients):
        raise fitted.damaged("its parts do not fit together")
    if len(intercept) == 2:
        coefficients, intercept = np.diff(coefficients, axis=0), np.diff(intercept)
    weights = scalings @ coefficients.T
    return agreeing(fitted, Linear(weights, intercept - mean @ weights, "softmax"))


@transformer("LinearDiscriminantAnalysis", "LDA")
def discriminant_directions(fitted: Fitted, importing: Importing) -> Project:
    """Rows along the directions that tell the classes apart best."""
    importing.tell(fitted)
    solver = fitted.word("solver", "svd")
    if solver == "lsqr":
        raise fitted.refusal("its solver 'lsqr' cannot transform")
    scalings = fitted.array("scalings_", n_axes=2)
    mean = fitted.array("xbar_", n_axes=1) if solver == "svd" else None
    if mean is not None and len(mean) != len(scalings):
        raise fitted.damaged("its mean does not fit its scalings")
    most = fitted.get("_max_components", "n_components")
    if isinstance(most, (int, np.integer)):
        scalings = scalings[:, : max(0, int(most))]
    return Project(mean, np.ascontiguousarray(scalings))


@classifier("QuadraticDiscriminantAnalysis", "QDA")
def quadratic_discriminant(fitted: Fitted, importing: Importing) -> QuadraticDiscriminant:
    """Log-posteriors of normal distributions (Hastie et al., ESL 4.12); softmax of them."""
    importing.tell(fitted)
    means = fitted.array("means_", n_axes=2)
    priors = fitted.array("priors_", "priors", n_axes=1)
    rotations = fitted.arrays("rotations_", "rotations")
    scalings = fitted.arrays("scalings_", "scalings")
    if not len(priors) == len(means) == len(rotations) == len(scalings):
        raise fitted.damaged("its parts are not as many as its classes")
    for rotation, scaling in zip(rotations, scalings, strict=True):
        if scaling.ndim != 1 or rotation.shape != (means.shape[1], len(scaling)):
            raise fitted.damaged("its rotations do not fit its means")
        if not (scaling > 0).all():
            raise fitted.refusal("a class varies in fewer directions than there are columns")
    turned = [r / np.sqrt(s) for r, s in zip(rotations, scalings, strict=True)]
    sizes = np.array([np.log(scaling).sum() for scaling in scalings])
    if not (priors > 0).all():
        raise fitted.damaged("a class has no prior probability")
    return agreeing(fitted, QuadraticDiscriminant(means, tuple(turned), sizes, np.log(priors)))

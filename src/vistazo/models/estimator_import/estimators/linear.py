"""Linear classifiers: sklearn.linear_model, and sklearn.svm.LinearSVC."""

from __future__ import annotations

import numpy as np

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.plan.linear import Linear, Link


@classifier("LogisticRegression", "LogisticRegressionCV")
def logistic_regression(fitted: Fitted, importing: Importing) -> Linear:
    """predict_proba is a softmax over the classes, but for one-vs-rest (``multi_class``), which
    liblinear always is: there each class has its own logistic function.
    """
    importing.tell(fitted)
    said = fitted.get("multi_class", default="auto")
    solver = fitted.text("solver", "lbfgs")
    is_ovr = said == "ovr" or (said in ("auto", "warn", "deprecated") and solver == "liblinear")
    return linear(fitted, "logistic" if is_ovr else "softmax")


def linear(fitted: Fitted, link: Link) -> Linear:
    coefficients = np.atleast_2d(fitted.array("coef_"))
    intercept = np.atleast_1d(fitted.array("intercept_"))
    if intercept.shape == (1,):
        intercept = np.repeat(intercept, len(coefficients))
    if intercept.shape != (len(coefficients),):
        raise fitted.damaged("its intercepts are not as many as its classes")
    return Linear(np.ascontiguousarray(coefficients.T), intercept, link)

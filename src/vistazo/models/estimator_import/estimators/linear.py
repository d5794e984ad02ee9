"""Linear classifiers: sklearn.linear_model, and sklearn.svm.LinearSVC."""

from __future__ import annotations

import numpy as np

from vistazo.models.estimator_import.estimators.classes import agreeing
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.plan.linear import Linear, Link

_FIRST_MULTINOMIAL_OF_TWO = (0, 20)
_LINKS: dict[str, Link] = {"log": "logistic", "log_loss": "logistic", "modified_huber": "huber"}


@classifier("LogisticRegression", "LogisticRegressionCV")
def logistic_regression(fitted: Fitted, importing: Importing) -> Linear:
    """predict_proba is a softmax over the classes, but for one-vs-rest (``multi_class``), which
    liblinear always is: there each class has its own logistic function.
    """
    importing.tell(fitted)
    return linear(fitted, _link_of_logistic(fitted))


def _link_of_logistic(fitted: Fitted) -> Link:
    """Of two classes the logistic function is the softmax of 0 and the value. Who asked for
    'multinomial' with two gets that of minus and plus the value since 0.20, until ``multi_class``
    was taken away.
    """
    said = fitted.word("multi_class", "auto")
    solver = fitted.word("solver", "liblinear")  # there was no other before 0.14
    is_of_two = len(np.atleast_2d(fitted.array("coef_"))) == 1
    if said == "multinomial":
        is_mirrored = is_of_two and fitted.version >= _FIRST_MULTINOMIAL_OF_TWO
        return "mirrored" if is_mirrored else "softmax"
    return "logistic" if said in ("ovr", "warn") or solver == "liblinear" else "softmax"


@classifier("SGDClassifier")
def sgd(fitted: Fitted, importing: Importing) -> Linear:
    """Probabilities for the losses log and modified_huber."""
    importing.tell(fitted)
    return linear(fitted, _LINKS.get(fitted.text("loss", "hinge"), "none"))


@classifier(
    "LinearSVC", "Perceptron", "PassiveAggressiveClassifier", "RidgeClassifier", "RidgeClassifierCV"
)
def without_probabilities(fitted: Fitted, importing: Importing) -> Linear:
    """Decision values alone."""
    importing.tell(fitted)
    return linear(fitted, "none")


def linear(fitted: Fitted, link: Link) -> Linear:
    coefficients = np.atleast_2d(fitted.array("coef_"))
    intercept = np.atleast_1d(fitted.array("intercept_"))
    if coefficients.ndim != 2 or not len(coefficients):
        raise fitted.damaged("its coefficients are no table")
    if intercept.shape == (1,):
        intercept = np.repeat(intercept, len(coefficients))
    if intercept.shape != (len(coefficients),):
        raise fitted.damaged("its intercepts are not as many as its classes")
    return agreeing(fitted, Linear(np.ascontiguousarray(coefficients.T), intercept, link))

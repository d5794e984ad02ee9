"""Naive Bayes: sklearn.naive_bayes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.estimators.classes import agreeing
from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.plan.likelihood import (
    CategoryLikelihood,
    CountLikelihood,
    GaussianLikelihood,
)

_Row = NDArray[np.float64]


@classifier("MultinomialNB")
def multinomial(fitted: Fitted, importing: Importing) -> CountLikelihood:
    """``x . log p(word | class) + log p(class)`` (Manning et al., Introduction to IR, 13.2)."""
    importing.tell(fitted)
    logs = fitted.array("feature_log_prob_", n_axes=2)
    return _counting(fitted, logs, _log_prior(fitted, len(logs)), None)


@classifier("ComplementNB")
def complement(fitted: Fitted, importing: Importing) -> CountLikelihood:
    """Weights of what is not in a class (Rennie et al., ICML 2003); the classes weigh the same."""
    importing.tell(fitted)
    logs = fitted.array("feature_log_prob_", n_axes=2)
    prior = _log_prior(fitted, 1) if len(logs) == 1 else np.zeros(len(logs))
    return _counting(fitted, logs, prior, None)


@classifier("BernoulliNB")
def bernoulli(fitted: Fitted, importing: Importing) -> CountLikelihood:
    """Of each word whether it is there: ``log p`` or else ``log(1 - p)``."""
    importing.tell(fitted)
    logs = fitted.array("feature_log_prob_", n_axes=2)
    if not (logs < 0).all():
        raise fitted.damaged("its feature_log_prob_ are no logarithms of probabilities")
    with np.errstate(divide="ignore"):
        others = np.log(1 - np.exp(logs))  # as scikit-learn has it, so that ties are the same
    if not np.isfinite(others).all():
        raise fitted.damaged("a word has probability 1")
    prior = _log_prior(fitted, len(logs)) + others.sum(axis=1)
    above = None if fitted.get("binarize", default=0.0) is None else fitted.number("binarize", 0.0)
    return _counting(fitted, logs - others, prior, above)


def _counting(
    fitted: Fitted, logs: NDArray[np.float64], prior: _Row, above: float | None
) -> CountLikelihood:
    return agreeing(fitted, CountLikelihood(np.ascontiguousarray(logs.T), prior, above))


@classifier("GaussianNB")
def gaussian(fitted: Fitted, importing: Importing) -> GaussianLikelihood:
    """A normal distribution of each number in each class; ``sigma_`` until 1.0."""
    importing.tell(fitted)
    means = fitted.array("theta_", n_axes=2)
    variances = fitted.array("var_", "sigma_", n_axes=2)
    priors = fitted.array("class_prior_", n_axes=1)
    if not means.shape == variances.shape or len(priors) != len(means):
        raise fitted.damaged("its means, variances and priors do not fit together")
    if not (variances > 0).all():
        raise fitted.refusal("a number does not vary within a class")
    return agreeing(fitted, GaussianLikelihood(means, variances, _log(fitted, priors)))


@classifier("CategoricalNB")
def categorical(fitted: Fitted, importing: Importing) -> CategoryLikelihood:
    """A table of each number's categories in each class."""
    importing.tell(fitted)
    tables = fitted.arrays("feature_log_prob_")
    count = len(tables[0]) if tables and tables[0].ndim else 0
    if any(table.ndim != 2 or len(table) != count or not table.size for table in tables):
        raise fitted.damaged("its tables do not fit its classes")
    starts = np.cumsum([0, *(table.shape[1] for table in tables)])
    whole = np.concatenate([table.T for table in tables]) if tables else np.zeros((0, 0))
    prior = _log_prior(fitted, count)
    return agreeing(fitted, CategoryLikelihood(np.ascontiguousarray(whole), starts, prior))


def _log_prior(fitted: Fitted, count: int) -> _Row:
    found = fitted.raw_array("class_log_prior_", n_axes=1)
    if found.dtype.kind not in "fiu" or len(found) != count:
        raise fitted.damaged("its class_log_prior_ is not as long as its classes")
    prior = found.astype(np.float64)
    if np.isnan(prior).any() or (prior == np.inf).any() or not np.isfinite(prior).any():
        raise fitted.damaged("its class_log_prior_ are no logarithms of probabilities")
    return prior


def _log(fitted: Fitted, priors: _Row) -> _Row:
    """Minus infinity for a class that was never seen."""
    if (priors < 0).any() or not priors.any():
        raise fitted.damaged("its class_prior_ are no probabilities")
    with np.errstate(divide="ignore"):
        return np.log(priors)

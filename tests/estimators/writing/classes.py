# -*- coding: utf-8 -*-
"""Classes of scikit-learn by name, wherever a version has them."""

import importlib

_MODULES = (
    "linear_model naive_bayes svm neighbors tree ensemble neural_network discriminant_analysis "
    "preprocessing decomposition feature_selection feature_extraction.text pipeline multiclass "
    "calibration dummy model_selection compose impute random_projection kernel_approximation "
    "cluster semi_supervised gaussian_process multioutput grid_search"
).split()


class MissingError(Exception):
    """This version has no such class."""


def make(name, **options):
    """An estimator; raises MissingError, or TypeError for an option that the version does not have."""
    return find(name)(**options)


def find(name):
    if name.startswith("Hist"):
        _allow("enable_hist_gradient_boosting")
    for module in _MODULES:
        try:
            return getattr(importlib.import_module("sklearn." + module), name)
        except (ImportError, AttributeError):
            continue
    raise MissingError(name)


def _allow(what):
    try:
        importlib.import_module("sklearn.experimental." + what)
    except ImportError:
        pass

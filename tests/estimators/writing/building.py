# -*- coding: utf-8 -*-
"""Estimators made of what a case says, and each case in a fixed order."""

from __future__ import unicode_literals

import importlib
import json
import sys

import numpy as np

import cases
import data
import preparation_cases
import text_cases
from classes import make

_TEXT = type("")  # unicode in Python 2
_LR = ["LogisticRegression", {"solver": "liblinear"}]
_SGD = ["SGDClassifier", {"random_state": 0}]


def built(name, options):
    """An estimator from its class's name and options; those may name others as [class, options]."""
    return make(name, **{str(key): _option(key, value) for key, value in options.items()})


def _option(key, value):
    if _names_a_class(value):
        return built(*value)
    if key in ("estimators", "transformers"):
        return [
            tuple([str(each[0]), _option("", each[1])] + [_column(c) for c in each[2:]])
            for each in value
        ]
    if isinstance(value, _TEXT) and value.startswith(("numpy.", "sklearn.")):
        module, _, function = value.rpartition(".")
        return getattr(importlib.import_module(module), function)
    if key in (
        "ngram_range",
        "feature_range",
        "quantile_range",
        "hidden_layer_sizes",
        "degree",
    ) and isinstance(value, list):
        return tuple(value)
    return (
        str(value)
        if not isinstance(value, (bool, int, float, list, dict, tuple, type(None)))
        and _is_ascii(value)
        else value
    )


def _is_ascii(text):
    return all(ord(letter) < 128 for letter in text)


def _names_a_class(value):
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[1], dict)
        and value[0][:1].isupper()
    )


def _column(column):
    if isinstance(column, list):
        return column
    if column.startswith("slice"):
        return slice(*[int(each) for each in column[6:-1].split(",")])
    return np.array([each == "1" for each in column[5:-1]])


def every_case():
    """Each case's name, and a function that makes its data, its steps and what it takes."""
    for of in (_classifiers, _preparations, _columns, _vectorizers, _weightings, _of_texts):
        for each in of():
            yield each


def _classifiers():
    for name, options, kinds, numbers in cases.CLASSIFIERS:
        for kind, n in _crossed(kinds, numbers):
            yield _told(name, options, kind, n), _rows(kind, n, [[name, options]])


def _preparations():
    for name, options, kinds, numbers in preparation_cases.TRANSFORMERS:
        for kind, n in _crossed(kinds, numbers):
            yield _told(name + "+LR", options, kind, n), _rows(kind, n, [[name, options], _LR])


def _crossed(kinds, numbers):
    return [(kind, n) for kind in kinds for n in numbers]


def _columns():
    for options in preparation_cases.COLUMNS:
        kind = "categories" if "OneHot" in str(options) else "plain"
        steps = [["ColumnTransformer", options], _LR]
        yield _told("ColumnTransformer+LR", options, kind, 2), _rows(kind, 2, steps)


def _vectorizers():
    for place, (name, options) in enumerate(text_cases.VECTORIZERS):
        pattern = options.get("token_pattern", "(?u)")
        if sys.version_info[0] == 2 and not pattern.startswith("(?u)"):
            continue  # there word letters are of ASCII, where nothing else is said
        classifier = _SGD if place % 2 else _LR
        told = _told(name + "+" + classifier[0], options, "texts", 2)
        yield told, _texts(2, [[name, options], classifier])


def _weightings():
    for options in text_cases.TRANSFORMS:
        for first in ("CountVectorizer", "HashingVectorizer"):
            told = _told(first + "+TfidfTransformer+LR", options, "texts", 3)
            yield told, _texts(3, [[first, {}], ["TfidfTransformer", options], _LR])


def _of_texts():
    first = ["TfidfVectorizer", {}]
    for name, options in text_cases.CLASSIFIERS:
        for n in (2, 3):
            yield _told("Tfidf+" + name, options, "texts", n), _texts(n, [first, [name, options]])
    for name, options in text_cases.BETWEEN:
        told = _told("Tfidf+" + name + "+LR", options, "texts", 2)
        yield told, _texts(2, [first, [name, options], _LR])


def _told(name, options, kind, n_classes):
    said = ", ".join(
        "%s=%s" % (key, json.dumps(options[key]))
        for key in sorted(options)
        if key != "random_state"
    )
    return "%s(%s) %s/%d" % (name, said, kind, n_classes)


def _rows(kind, n_classes, steps):
    def made():
        sample = data.rows("plain" if kind == "positive" else kind, n_classes)
        if kind == "positive":
            sample.train, sample.held_out = (
                np.abs(sample.train) + 0.1,
                np.abs(sample.held_out) + 0.1,
            )
        return sample, [built(*step) for step in steps], "rows"

    return made


def _texts(n_classes, steps):
    return lambda: (data.texts(n_classes), [built(*step) for step in steps], "texts")

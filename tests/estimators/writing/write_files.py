# -*- coding: utf-8 -*-
"""Writes files of the scikit-learn that runs this, and what it answers itself.

    python write_files.py FOLDER [--every N] [--forms all]

Runs on Python 2.7 and 3, and scikit-learn 0.17 to today: nothing of Vistazo is needed. FOLDER gets
the files, and ``cases.json``: for each of them what was asked, and the answers of ``predict``,
``predict_proba`` and ``decision_function``. What a version does not have is left out. ``--every N``
fits each Nth case only.
"""

from __future__ import print_function, unicode_literals

import argparse
import os
import sys
import time
import warnings

import numpy as np

import bundles
import data
from building import every_case
from classes import MissingError

_LABELS = ["int", "str", "object", "bool", "negative", "float", "narrow", "large", "bytes"]
_SKIPPED = (
    MissingError,
    TypeError,
    ValueError,
    AttributeError,
    NotImplementedError,
    KeyError,
    IndexError,
    ImportError,
)


class Case(object):
    """What is fitted: a name, the estimator, training data and labels, and what is asked."""

    def __init__(self, name, estimator, sample, labels, takes):
        self.name, self.estimator, self.takes, self.labels = name, estimator, takes, labels
        self.sample = sample


def fitted_case(name, make_case, kind):
    sample, steps, takes = make_case()
    labels = data.labels(kind, sample.classes)
    estimator = steps[0] if len(steps) == 1 else _pipeline(steps)
    estimator.fit(sample.train, labels)
    return Case(name, estimator, sample, kind, takes)


def _pipeline(steps):
    from sklearn.pipeline import Pipeline

    return Pipeline([("step%d" % place, step) for place, step in enumerate(steps)])


def answers(estimator, held_out):
    """What the estimator answers, as JSON has it; None for what it does not give."""
    asked = held_out
    found = {"predict": _plain(estimator.predict(asked)), "classes": _plain(estimator.classes_)}
    for function in ("predict_proba", "decision_function"):
        try:
            found[function] = np.asarray(getattr(estimator, function)(asked), dtype=float).tolist()
        except (AttributeError, NotImplementedError):
            found[function] = None
    return found


def _plain(array):
    return [each.item() if hasattr(each, "item") else each for each in np.asarray(array)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--forms", default="one", choices=["one", "all"])
    told = parser.parse_args()
    warnings.simplefilter("ignore")
    if not os.path.isdir(told.folder):
        os.makedirs(told.folder)
    writer = bundles.Writer(told.folder, every_form=told.forms == "all")
    for place, (name, make_case) in enumerate(every_case()):
        if (place - told.offset) % told.every:
            continue
        start = time.time()
        try:
            with np.errstate(all="ignore"):
                # Version 1.9 ends in a segmentation fault where these labels are not 0, 1, 2.
                kind = "int" if "temperature" in name else _LABELS[place % len(_LABELS)]
                case = fitted_case(name, make_case, kind)
                expected = answers(case.estimator, case.sample.held_out)
        except _SKIPPED as error:
            writer.skip(name, repr(error))
            continue
        writer.add(place, case, expected)
        if time.time() - start > 1:
            print("%.1f s" % (time.time() - start), name, file=sys.stderr)
    writer.close()


if __name__ == "__main__":
    sys.exit(main())

# -*- coding: utf-8 -*-
"""In what estimators lie in people's files: alone, in a search, in a dictionary, in two files."""

from __future__ import print_function, unicode_literals

import io
import json
import os
import platform

import numpy as np
import sklearn

import forms
from classes import make

BUNDLES = ["alone", "search", "dict", "tuple", "list", "two_files", "alone", "encoder_beside"]


class Writer(object):
    """Writes files and what is expected of them into a folder."""

    def __init__(self, folder, every_form=False):
        self.folder, self.every_form = folder, every_form
        self.cases, self.skipped, self.samples = [], [], {}

    def skip(self, name, why):
        self.skipped.append([name, why[:200]])

    def add(self, place, case, expected):
        bundle = BUNDLES[(place // 3) % len(BUNDLES)]
        for number in range(len(forms.FORMS) if self.every_form else 1):
            form = forms.FORMS[(place + number) % len(forms.FORMS)]
            try:
                self._write(place, case, expected, bundle, form)
            except forms.UnavailableError:
                self._write(place, case, expected, bundle, "pickle2")
            except Exception as error:
                self.skip(case.name + " " + form, repr(error))

    def _write(self, place, case, expected, bundle, form):
        stem = os.path.join(self.folder, "%04d-%s" % (place, form))
        values, bundle = bundled(case.estimator, bundle)
        files = []
        for number, value in enumerate(values):
            path = (
                stem
                + ("-%d" % number if number else "")
                + forms.SUFFIX.get(form, ".joblib" if "joblib" in form else ".pkl")
            )
            forms.write(value, path, form)
            files.append(os.path.basename(path))
        self.cases.append({
            "name": case.name, "form": form, "bundle": bundle, "labels": case.labels, "files": files, "takes": case.takes,
            "samples": self._asked(case), "expected": expected,
        })  # fmt: skip

    def _asked(self, case):
        held = case.sample.held_out
        asked = (
            held
            if case.takes == "texts"
            else [[None if np.isnan(x) else float(x) for x in row] for row in held]
        )
        key = json.dumps(asked)
        return self.samples.setdefault(key, len(self.samples))

    def close(self):
        written = {
            "sklearn": sklearn.__version__, "numpy": np.__version__, "python": platform.python_version(),
            "samples": [json.loads(each) for each, _ in sorted(self.samples.items(), key=lambda item: item[1])],
            "cases": self.cases, "skipped": self.skipped,
        }  # fmt: skip
        with io.open(os.path.join(self.folder, "cases.json"), "w", encoding="utf-8") as file:
            file.write(json.dumps(written, ensure_ascii=True) + "")
        print(sklearn.__version__, len(self.cases), "written", len(self.skipped), "left out")


def bundled(estimator, bundle):
    """The objects of one or two files, and the name of what was made of the wish."""
    steps = getattr(estimator, "steps", None)
    # What could be the classifier too is not told apart by its place in a file.
    is_apart = steps and len(steps) == 2 and not hasattr(steps[0][1], "classes_")
    if bundle in ("dict", "tuple", "list", "two_files") and is_apart:
        return _apart(steps[0][1], steps[1][1], bundle), bundle
    if bundle == "dict":
        return [{"model": estimator, "version": "1.0", "features": ["a", "b"]}], bundle
    if bundle == "search":
        return [_searched(estimator)], bundle
    return _with_its_encoder(estimator) if bundle == "encoder_beside" else ([estimator], "alone")


def _apart(first, last, bundle):
    if bundle == "two_files":
        return [last, first]
    if bundle == "dict":
        name = "vectorizer" if "Vect" in type(first).__name__ else "scaler"
        return [{"model": last, name: first, "accuracy": 0.93}]
    return [(first, last) if bundle == "tuple" else [last, first]]


def _with_its_encoder(estimator):
    """A LabelEncoder beside a classifier of numbers, where its classes are 0, 1, 2."""
    names = np.array(["none", "some", "very many"])[: len(estimator.classes_)]
    if list(estimator.classes_) != list(range(len(names))) or "bool" in str(
        type(estimator.classes_[0])
    ):
        return [estimator], "alone"
    return [
        {"model": estimator, "label_encoder": make("LabelEncoder").fit(names)}
    ], "encoder_beside"


def _searched(estimator):
    """A search that found this very estimator: fitting again would change it."""
    search = make("GridSearchCV", estimator=estimator, param_grid={})
    search.best_estimator_ = estimator
    search.best_score_, search.best_params_, search.best_index_ = np.float64(0.9), {}, 0
    search.refit, search.n_splits_, search.multimetric_ = True, 3, False
    search.cv_results_ = {"mean_test_score": np.array([0.9]), "params": [{}], "rank_test_score": np.array([1], dtype=np.int32),
                          "param_C": np.ma.MaskedArray(data=[1, "auto"], mask=[False, True], fill_value="?", dtype=object)}  # fmt: skip
    return search

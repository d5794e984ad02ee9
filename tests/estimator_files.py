"""Estimators as their files hold them, made by code: no scikit-learn is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vistazo.models.estimator_import.values import Name, Record
from vistazo.models.estimator_import.values_file import write_values

VERSION = "1.5.2"


def estimator(name: str, module: str = "sklearn.made_by_a_test", **attributes: Any) -> Record:
    """An object of scikit-learn with these attributes."""
    return Record(Name(module, name), (), {"_sklearn_version": VERSION, **attributes})


def pipeline(*steps: Record) -> Record:
    return estimator("Pipeline", steps=[(step.class_name.lower(), step) for step in steps])


def vectorizer(words: list[str], **attributes: Any) -> Record:
    """Counts of these words."""
    vocabulary = {word: place for place, word in enumerate(words)}
    usual = {
        "analyzer": "word",
        "binary": False,
        "lowercase": True,
        "ngram_range": (1, 1),
        "preprocessor": None,
        "stop_words": None,
        "strip_accents": None,
        "token_pattern": r"(?u)\b\w\w+\b",
        "tokenizer": None,
    }
    return estimator("CountVectorizer", vocabulary_=vocabulary, **usual, **attributes)


def linear(weights: list[float], intercept: float = 0.0, classes: object = (0, 1)) -> Record:
    """A logistic regression with two classes."""
    return estimator(
        "LogisticRegression",
        coef_=np.array([weights]),
        intercept_=np.array([intercept]),
        classes_=np.array(classes),
        n_features_in_=len(weights),
    )


def spam_words() -> Record:
    """Of texts: 'free' and 'money' speak for class 1, 'meeting' against it."""
    return pipeline(vectorizer(["free", "meeting", "money"]), linear([2.0, -3.0, 1.0], -0.5))


def write_estimator(content: object, path: Path) -> Path:
    write_values(content, path)
    return path

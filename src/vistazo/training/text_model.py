"""Words in, a probability out: TF-IDF and a logistic regression of scikit-learn, calibrated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline

from vistazo.errors import SettingsError
from vistazo.training.labelled_texts import LabelledTexts
from vistazo.training.text_config import TextTrainingConfig

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
_MOST_STEPS = 10_000
# So large that the two numbers of Platt's fit are hardly drawn towards nought.
_UNPENALISED = 1e6


class TextModel:
    """A pipeline whose classes are the places of the labels, 0 and 1."""

    def __init__(self, config: TextTrainingConfig) -> None:
        vectorizer = TfidfVectorizer(**config.vectorizer.model_dump())
        regression = LogisticRegression(C=config.logistic_regression.C, max_iter=_MOST_STEPS)
        self._pipeline: Pipeline = make_pipeline(vectorizer, regression)

    def fit(self, texts: LabelledTexts) -> TextModel:
        """Raises SettingsError where the texts leave no words to learn from."""
        try:
            self._pipeline.fit(texts.texts, texts.labels)
        except ValueError as error:
            raise SettingsError(f"Nothing can be learned from these texts: {error}") from error
        return self

    def scores(self, texts: Sequence[str]) -> Floats:
        """Log-odds of the second label (n,)."""
        return np.asarray(self._pipeline.decision_function(texts), np.float64)

    def familiarity(self, texts: Sequence[str]) -> tuple[Floats, Rows]:
        """Of each text the share of words that are known, and the number of its words."""
        vectorizer = self._pipeline[0]
        prepare, words_of = vectorizer.build_preprocessor(), vectorizer.build_tokenizer()
        words = [words_of(prepare(text)) for text in texts]
        known = [sum(word in vectorizer.vocabulary_ for word in own) for own in words]
        counts = np.array([len(own) for own in words], np.int64)
        return np.array(known) / np.maximum(counts, 1), counts

    def calibrate(self, slope: float, offset: float) -> None:
        """Let scores be ``slope * score + offset`` from now on: it is still a plain regression."""
        regression = self._pipeline[-1]
        regression.coef_ = regression.coef_ * slope
        regression.intercept_ = regression.intercept_ * slope + offset

    @property
    def weight_count(self) -> int:
        return int(self._pipeline[-1].coef_.size) + 1

    def save(self, path: Path) -> None:
        joblib.dump(self._pipeline, path, compress=3)


def folds_of(texts: LabelledTexts, folds: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """What is seen and what is held out: whole groups, labels as even as they allow.

    Raises SettingsError where a label's groups are too few.
    """
    fewest = min(len(np.unique(texts.groups[texts.labels == label])) for label in (0, 1))
    if fewest < folds:
        raise SettingsError(
            f"{folds} folds need as many groups of each label; of one there are {fewest}."
        )
    splitter: Any = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    yield from splitter.split(texts.texts, texts.labels, texts.groups)


def fit_platt(scores: Floats, labels: Rows) -> tuple[float, float]:
    """The slope and the offset that make probabilities of scores, both labels counting the same.

    Platt 1999, Probabilistic outputs for support vector machines.
    """
    regression = LogisticRegression(C=_UNPENALISED, class_weight="balanced")
    regression.fit(scores[:, np.newaxis], labels)
    return float(regression.coef_[0, 0]), float(regression.intercept_[0])


def probability(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-log_odds)), np.float64)

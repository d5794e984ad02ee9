"""Figures of merit, each with a 95 % interval from resampling groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Truth = NDArray[np.bool_]
# A figure of pictures that count as often as their weights (n,) say.
Measure = Callable[[Floats], float]

RESAMPLES = 1000
BINS = 10


@dataclass(frozen=True)
class Figure:
    """A value and the 2.5 and 97.5 percentiles of its bootstrap; nan where it is undefined."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float | None]:
        return {name: _finite(value) for name, value in vars(self).items()}


@dataclass(frozen=True)
class Confusion:
    true_positives: int
    false_negatives: int
    true_negatives: int
    false_positives: int


def auc(scores: Floats, is_positive: Truth, weights: Floats | None = None) -> float:
    """Return the chance that a positive scores above a negative, ties counting half.

    The Mann-Whitney statistic (Hanley and McNeil 1982), with optional weights per picture; nan
    where only one label is present.
    """
    weights = np.ones(len(scores)) if weights is None else weights
    levels, place = np.unique(scores, return_inverse=True)
    positives = np.bincount(place, weights * is_positive, len(levels))
    negatives = np.bincount(place, weights * ~is_positive, len(levels))
    below = np.cumsum(negatives) - negatives
    pairs = positives.sum() * negatives.sum()
    return float((positives * (below + negatives / 2)).sum() / pairs) if pairs > 0 else float("nan")


def calibration_error(scores: Floats, is_true: Truth, weights: Floats | None = None) -> float:
    """Return the expected calibration error: the mean gap between what is said and what is so.

    Ten bins of equal width (Naeini et al. 2015). ``scores`` are the probabilities of what
    ``is_true`` tells: for two labels of the positive one, for more of the predicted one.
    """
    weights = np.ones(len(scores)) if weights is None else weights
    gaps = np.bincount(bin_of(scores), weights * (scores - is_true), BINS)
    return float(np.abs(gaps).sum() / weights.sum())


def bin_of(probabilities: Floats) -> Labels:
    """Which of the bins of equal width, 0 to BINS - 1, each probability lies in."""
    return np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)


def confusion(said: Truth, is_positive: Truth) -> Confusion:
    return Confusion(
        int((said & is_positive).sum()),
        int((~said & is_positive).sum()),
        int((~said & ~is_positive).sum()),
        int((said & ~is_positive).sum()),
    )


def confusion_of_labels(labels: Labels, predicted: Labels, count: int) -> NDArray[np.int64]:
    """Count pictures (count, count): a row per true label, a column per predicted one."""
    return np.bincount(labels * count + predicted, minlength=count**2).reshape(count, count)


def binary_measures(scores: Floats, said: Truth, is_positive: Truth) -> dict[str, Measure]:
    """Scores are probabilities (n,) of the positive label, ``said`` where it was the answer."""
    right = said == is_positive

    def f1(weights: Floats) -> float:
        return _share(2 * (said & is_positive), said * 1 + is_positive * 1, weights)

    return {
        "auc": lambda weights: auc(scores, is_positive, weights),
        "accuracy": lambda weights: _share(right, np.ones(len(right)), weights),
        "balanced_accuracy": lambda weights: (
            (
                _share(right & is_positive, is_positive, weights)
                + _share(right & ~is_positive, ~is_positive, weights)
            )
            / 2
        ),
        "sensitivity": lambda weights: _share(right & is_positive, is_positive, weights),
        "specificity": lambda weights: _share(right & ~is_positive, ~is_positive, weights),
        "f1": f1,
        "brier": lambda weights: float(np.average((scores - is_positive) ** 2, weights=weights)),
        "expected_calibration_error": lambda weights: calibration_error(
            scores, is_positive, weights
        ),
    }


def multiclass_measures(
    probabilities: Floats, predicted: Labels, labels: Labels
) -> dict[str, Measure]:
    """Of a label against the rest: ``auc``, ``sensitivity``, ``specificity`` and ``f1`` are means
    over labels. ``brier`` adds up over labels.
    """
    confidence = probabilities[np.arange(len(labels)), predicted]
    right = predicted == labels
    truth = np.eye(probabilities.shape[1])[labels]
    is_label, said = truth > 0, np.eye(probabilities.shape[1])[predicted] > 0

    def mean_share(part: NDArray[Any], whole: NDArray[Any], weights: Floats) -> float:
        return float(np.mean([_share(p, w, weights) for p, w in zip(part.T, whole.T, strict=True)]))

    return {
        "auc": lambda weights: mean_auc(probabilities, labels, weights),
        "accuracy": lambda weights: _share(right, np.ones(len(right)), weights),
        "sensitivity": lambda weights: mean_share(said & is_label, is_label, weights),
        "specificity": lambda weights: mean_share(~said & ~is_label, ~is_label, weights),
        "f1": lambda weights: mean_share(2 * (said & is_label), said * 1 + is_label, weights),
        "brier": lambda weights: float(
            np.average(((probabilities - truth) ** 2).sum(axis=1), weights=weights)
        ),
        "expected_calibration_error": lambda weights: calibration_error(confidence, right, weights),
    }


def share(is_so: Truth, groups: Labels) -> Figure:
    """The share of pictures of which something is so."""
    everyone = np.ones(len(is_so))
    measures = {"share": lambda weights: _share(is_so, everyone, weights)}
    return with_intervals(measures, groups)["share"]


def mean_auc(probabilities: Floats, labels: Labels, weights: Floats | None = None) -> float:
    """Each label against the rest, averaged; for two labels the same as ``auc`` of either."""
    columns = range(probabilities.shape[1])
    return float(np.mean([auc(probabilities[:, k], labels == k, weights) for k in columns]))


def with_intervals(measures: Mapping[str, Measure], groups: Labels) -> dict[str, Figure]:
    """Measure everything once, and then resamples of it."""
    drawn: dict[str, list[float]] = {name: [] for name in measures}
    for weights in resamples(groups):
        for name, measure in measures.items():
            drawn[name].append(measure(weights))
    everyone = np.ones(len(groups))
    return {
        name: Figure(measure(everyone), *interval(drawn[name]))
        for name, measure in measures.items()
    }


def resamples(groups: Labels) -> Iterator[Floats]:
    """Draw whole groups with replacement, always the same: pictures of one are not independent.

    Yields RESAMPLES weights (n,): how often the group of each picture was drawn (Efron and
    Tibshirani 1993, An Introduction to the Bootstrap).
    """
    _, place = np.unique(groups, return_inverse=True)
    random, count = np.random.default_rng(0), int(np.max(place)) + 1
    for _ in range(RESAMPLES):
        drawn = np.bincount(random.integers(0, count, count), minlength=count)
        yield drawn[place].astype(np.float64)


def interval(values: list[float]) -> tuple[float, float]:
    """The 2.5 and 97.5 percentiles of those that are defined; nan where none is."""
    defined = [value for value in values if np.isfinite(value)]
    if not defined:
        return float("nan"), float("nan")
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)


def _share(part: NDArray[Any], whole: NDArray[Any], weights: Floats) -> float:
    total = float((weights * whole).sum())
    return float((weights * part).sum()) / total if total > 0 else float("nan")


def _finite(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None

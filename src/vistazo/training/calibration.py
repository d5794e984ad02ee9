"""From raw probabilities to honest ones, and from those to a decision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.decision import with_temperature

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

_TINY = 1e-7
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class OperatingPoint:
    """Positive from ``threshold`` on; between the ends of the band a decision is a toss-up."""

    temperature: float
    threshold: float
    uncertain_band: tuple[float, float] | None


def fit_temperature(probabilities: Floats, labels: Labels, weights: Floats | None = None) -> float:
    """Find the temperature in 0.05..20 with the least (weighted) negative log-likelihood.

    Golden-section search on its logarithm: the loss has one minimum.
    """
    weights = np.ones(len(labels)) if weights is None else weights

    def loss(log_temperature: float) -> float:
        scaled = with_temperature(probabilities, float(np.exp(log_temperature)))
        return float(-(weights * np.log(scaled[np.arange(len(labels)), labels] + _TINY)).sum())

    low, high = np.log(0.05), np.log(20.0)
    while high - low > 1e-4:
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float(np.exp((low + high) / 2))


def balanced_weights(labels: Labels) -> Floats:
    """Weights of mean one under which every label present counts the same."""
    counts = np.bincount(labels)
    present = int((counts > 0).sum())
    return np.asarray(len(labels) / (present * counts[labels]), dtype=np.float64)


def equal_error_threshold(positive_scores: Floats, is_positive: NDArray[np.bool_]) -> float:
    """Where sensitivity and specificity meet, within 0.02..0.98.

    It does not depend on how common the label is, and, unlike the threshold of best accuracy, it
    moves little with a few pictures. Where a whole range serves, the middle of it is taken.
    """
    candidates = np.linspace(0.02, 0.98, 961)
    positives = np.sort(positive_scores[is_positive])
    negatives = np.sort(positive_scores[~is_positive])
    missed = np.searchsorted(positives, candidates, side="left") / max(len(positives), 1)
    alarms = 1 - np.searchsorted(negatives, candidates, side="left") / max(len(negatives), 1)
    gap = np.abs(missed - alarms)
    best = candidates[gap <= gap.min() + 1e-12]
    return float(round(best[len(best) // 2], 3))


def threshold_of_sensitivity(
    positive_scores: Floats, is_positive: NDArray[np.bool_], sensitivity: float
) -> float:
    """The highest threshold at which so much of the positives, 0..1, is still found, within
    0.02..0.98.
    """
    positives = np.sort(positive_scores[is_positive])
    missed = min(int((1 - sensitivity) * len(positives)), len(positives) - 1)
    # Rounded down: a threshold above the last picture that is to be found would miss it.
    return float(np.clip(np.floor(positives[missed] * 1000) / 1000, 0.02, 0.98))


def uncertain_band(
    positive_scores: Floats, is_positive: NDArray[np.bool_], threshold: float, share: float = 0.05
) -> tuple[float, float] | None:
    """Find the probabilities about the threshold that hold ``share`` of the pictures.

    Half of the share lies on either side, of pictures weighed so that both labels count the same.
    None where only one label is present.
    """
    if is_positive.all() or not is_positive.any():
        return None
    weights = balanced_weights(is_positive.astype(np.int64)) / len(is_positive)
    ends = []
    for side in (positive_scores < threshold, positive_scores >= threshold):
        nearest = np.argsort(np.abs(positive_scores[side] - threshold))
        within = np.cumsum(weights[side][nearest]) <= share / 2
        reached = positive_scores[side][nearest][within]
        ends.append(float(reached[-1]) if len(reached) else threshold)
    low, high = round(min(ends), 3), round(max(ends), 3)
    return (low, high) if low < high else None

"""The points of the curves that are drawn; none of it knows how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.training.evaluation import BINS, bin_of

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]

_Z = 1.959964  # of the 95 % interval of a normal distribution


@dataclass(frozen=True)
class Bin:
    """Pictures of similar probability: the mean of what was said, and the share of which it is so.

    ``low`` and ``high`` bound the share with 95 % confidence (Wilson 1927).
    """

    said: float
    share: float
    low: float
    high: float
    count: int


def roc(scores: Floats, is_positive: Truth) -> tuple[Floats, Floats]:
    """False positive rates and sensitivities, from (0, 0) to (1, 1), equal scores at once."""
    hits, alarms = _counts_from_the_top(scores, is_positive)
    return alarms / max(alarms[-1], 1), hits / max(hits[-1], 1)


def precision_recall(scores: Floats, is_positive: Truth) -> tuple[Floats, Floats]:
    """Recalls, rising, and the precision at each; the first point has the recall 0."""
    hits, alarms = _counts_from_the_top(scores, is_positive)
    recall = hits / max(hits[-1], 1)
    precision = hits[1:] / (hits[1:] + alarms[1:])
    return recall, np.concatenate([precision[:1], precision])


def average_precision(scores: Floats, is_positive: Truth) -> float:
    """Return the area under the steps of precision over recall; nan without a positive picture."""
    recall, precision = precision_recall(scores, is_positive)
    return float((np.diff(recall) * precision[1:]).sum()) if is_positive.any() else float("nan")


def reliability(said: Floats, is_so: Truth) -> list[Bin]:
    """Sort pictures into bins of equal width, as the calibration error does; none is empty.

    ``said`` (n,) are the probabilities of what ``is_so`` tells.
    """
    place = bin_of(said)
    return [_bin(said[place == k], is_so[place == k]) for k in range(BINS) if (place == k).any()]


def _bin(said: Floats, is_so: Truth) -> Bin:
    count, share = len(said), float(is_so.mean())
    spread = _Z**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = np.sqrt(spread * share * (1 - share) + spread**2 / 4) / (1 + spread)
    low, high = max(0.0, float(middle - half)), min(1.0, float(middle + half))
    return Bin(float(said.mean()), share, min(low, share), max(high, share), count)


def _counts_from_the_top(scores: Floats, is_positive: Truth) -> tuple[Floats, Floats]:
    """Positives and negatives at or above each score, the highest first, after a zero each."""
    levels, place = np.unique(-scores, return_inverse=True)
    hits = np.cumsum(np.bincount(place, is_positive, len(levels)))
    alarms = np.cumsum(np.bincount(place, ~is_positive, len(levels)))
    return np.concatenate([[0.0], hits]), np.concatenate([[0.0], alarms])

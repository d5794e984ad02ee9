"""How far the plain look of a picture, and not its content, gives its label away.

Labels of a collection often differ in exposure, sharpness or framing. A random holdout shares the
difference, so figures on it flatter a network that learned it (Zech et al. 2018, PLOS Medicine
15(11): e1002683). The pictures whose look points to the other label are the harder, fairer test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.training.calibration import balanced_weights

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

_STEPS, _RATE, _DECAY = 2000, 0.3, 1e-3
_BLACK = 8
_EDGE_PX = 4


@dataclass(frozen=True, eq=False)
class Look:
    """Logistic regression on how pictures look: brightness, contrast, sharpness, black, edges."""

    mean: Floats
    std: Floats
    weights: Floats

    def scores(self, pixels: NDArray[np.uint8]) -> Floats:
        """Return a number per picture (n,) that rises with the chance of the second label."""
        return _terms(_statistics(pixels), self.mean, self.std) @ self.weights


def fit_look(pixels: NDArray[np.uint8], labels: Labels) -> Look:
    """Fit on training pictures (n, h, w, c) of two labels, each label counting the same."""
    statistics = _statistics(pixels)
    mean, std = statistics.mean(axis=0), statistics.std(axis=0) + 1e-6
    terms, weights = _terms(statistics, mean, std), np.zeros(2 * statistics.shape[1] + 1)
    picture_weights = balanced_weights(labels) / len(labels)
    for _ in range(_STEPS):
        chance = 0.5 * (1 + np.tanh(terms @ weights / 2))
        slope = terms.T @ ((chance - labels) * picture_weights) + _DECAY * weights
        weights -= _RATE * slope
    return Look(mean, std, weights)


def misleading(look_scores: Floats, labels: Labels) -> NDArray[np.bool_]:
    """Mark, of each of two labels, the half of its pictures that looks most like the other."""
    found = np.zeros(len(labels), dtype=np.bool_)
    for label in (0, 1):
        own = labels == label
        middle = np.median(look_scores[own])
        found |= own & (look_scores < middle if label == 1 else look_scores > middle)
    return found


def _statistics(pixels: NDArray[np.uint8]) -> Floats:
    parts = [_of_some(pixels[start : start + 256]) for start in range(0, len(pixels), 256)]
    return np.concatenate(parts)


def _of_some(pixels: NDArray[np.uint8]) -> Floats:
    grey = pixels.mean(axis=3)
    contrast = grey.std(axis=(1, 2))
    sharpness = np.abs(np.diff(grey, axis=2)).mean(axis=(1, 2))
    whole = (grey.mean(axis=(1, 2)), contrast, sharpness, sharpness / (contrast + 1))
    black = (grey < _BLACK).mean(axis=(1, 2))
    edges = np.concatenate([grey[:, :_EDGE_PX].mean(axis=2), grey[:, -_EDGE_PX:].mean(axis=2)], 1)
    return np.concatenate([np.stack([*whole, black], axis=1), edges], axis=1)


def _terms(statistics: Floats, mean: Floats, std: Floats) -> Floats:
    """Each statistic, its square, and a constant."""
    z = np.clip((statistics - mean) / std, -4, 4)
    return np.concatenate([z, z**2, np.ones((len(z), 1))], axis=1)

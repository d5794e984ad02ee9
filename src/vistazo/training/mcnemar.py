"""McNemar's exact test, and what it becomes where pictures belong together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


def mcnemar(differences: Counts) -> float:
    """How often chance alone would give a sum as far from zero as that of ``differences``, 0..1.

    ``differences`` (groups,) say how many more pictures of a group the one model has right than the
    other. If the two are alike, each of these may as well have the other sign: Fisher 1935, The
    Design of Experiments, section 21. Where every group is one picture, that is McNemar's test
    (1947, Psychometrika 12:153) with the binomial distribution in place of its limit. Exact.
    """
    sizes = np.abs(differences[differences != 0])
    chances = np.ones(1)  # of each sum of the sizes that have a plus
    for size, count in enumerate(np.bincount(sizes)):
        if size and count:
            spread = np.zeros(size * count + 1)
            spread[::size] = _binomial(int(count))
            chances = np.convolve(chances, spread)
    total = int(sizes.sum())
    sums = 2 * np.arange(total + 1) - total
    return min(1.0, float(chances[np.abs(sums) >= abs(int(differences.sum()))].sum()))


def _binomial(count: int) -> Floats:
    """Of 0 to ``count`` heads of so many coins, through logarithms: no power overflows."""
    logs = np.concatenate([np.zeros(1), np.cumsum(np.log(np.arange(1, count + 1)))])
    return np.asarray(np.exp(logs[-1] - logs - logs[::-1] - count * np.log(2)))

"""What the answers of a window should look like, by those of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.reference import Binned

# Probabilities that are nearer to each other, or to 1, mean the same to whoever reads them: 0.995
# and 0.999, where a sure model has half of its answers.
_SAME_CONFIDENCE = 0.02
_LIKE_ALL = 10  # a label with so many answers is half its own, and half like all together

Shares = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Expected:
    """Of one quantity: ``shares`` (labels, bins) of each label's answers in the reference, and
    ``sizes`` (labels,), how many these were.
    """

    shares: Shares
    sizes: Shares

    @staticmethod
    def of(binned: Binned) -> Expected:
        """The fewer answers a label has, the more it is taken for like all of them."""
        counts = binned.counts.astype(np.float64)
        pooled, sizes = counts.sum(axis=0) / counts.sum(), counts.sum(axis=1)
        shares = (counts + _LIKE_ALL * pooled) / (sizes + _LIKE_ALL)[:, np.newaxis]
        return Expected(shares, sizes)

    def mixed(self, labels: Sequence[int]) -> tuple[list[float], float]:
        """The shares of the bins where answers have these ``labels`` so often; and of how many
        answers the reference would be that knows them as well.

        So a change of how often a class comes is no change of what its pictures look like.
        """
        weights = np.array(labels, np.float64)
        weights /= weights.sum()
        size = 1 / float((weights**2 / np.maximum(self.sizes, 1)).sum())
        mixture: list[float] = (weights @ self.shares).tolist()
        return mixture, size


def coarsened(confidence: Binned) -> Binned:
    """Without bins that mean the same as their neighbours, but for the lowest, if need be."""
    kept: list[int] = []
    for place, edge in enumerate(confidence.edges):
        is_apart = not kept or (
            edge - confidence.edges[kept[-1]] >= _SAME_CONFIDENCE and 1 - edge >= _SAME_CONFIDENCE
        )
        if is_apart:
            kept.append(place)
    starts = [0, *(place + 1 for place in kept)]
    counts = np.add.reduceat(confidence.counts, starts, axis=1)
    return Binned(tuple(confidence.edges[place] for place in kept), counts)

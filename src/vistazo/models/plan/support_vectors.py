"""Support vector machines with kernels, as libsvm decides (Chang & Lin, TIST 2011)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.kernel import Kernel
from vistazo.models.plan.linear import for_both
from vistazo.models.plan.matrix import Dense, Matrix
from vistazo.models.plan.operation import Decisions, operation
from vistazo.models.plan.pairs import coupled, one_against_rest, votes_of

_LEAST_CHANCE = 1e-7


@operation
@dataclass(frozen=True, eq=False)
class SupportVectors:
    """Each pair of classes has its own machine and a vote, above zero for the first of the two.

    Vectors are in the order of the k classes, ``ends`` (k,) where those of each end. For the pair
    (i, j) a vector of i weighs ``dual[j - 1]``, one of j ``dual[i]``: (k - 1, vectors).
    ``intercept`` (pairs,), in the order 01 02 ... 12 .... ``slopes`` and ``shifts`` (pairs,) are of
    Platt's sigmoids, empty where the machine gives no probabilities. ``breaks_ties``: the class of
    the largest decision value instead of the first with the most votes.
    """

    kernel: Kernel
    dual: Dense
    ends: NDArray[np.int64]
    intercept: NDArray[np.float64]
    slopes: NDArray[np.float64]
    shifts: NDArray[np.float64]
    breaks_ties: bool

    @property
    def n_classes(self) -> int:
        return len(self.ends)

    def decide(self, values: Matrix) -> Decisions:
        parts = [self._pairs(alike) for alike in self.kernel.of(values)]
        found = np.concatenate([np.zeros((0, len(self.intercept))), *parts])
        scores = (
            for_both(-found) if self.n_classes == 2 else one_against_rest(found, self.n_classes)
        )
        votes = votes_of(found, self.n_classes)
        predicted = (scores if self.breaks_ties else votes).argmax(axis=1)
        return Decisions(predicted, self._probabilities(found), scores)

    def _pairs(self, alike: Dense) -> Dense:
        """Decision values of each pair of what the kernel gives: (n, pairs)."""
        blocks = [
            slice(start, end) for start, end in zip([0, *self.ends[:-1]], self.ends, strict=True)
        ]
        sums = np.stack([alike[:, block] @ self.dual[:, block].T for block in blocks])
        first, second = np.triu_indices(self.n_classes, 1)
        found = sums[first, :, second - 1] + sums[second, :, first]
        return np.asarray(found.T + self.intercept)

    def _probabilities(self, found: Dense) -> Dense | None:
        """Platt's sigmoid of each pair, kept from 0 and 1, then coupled."""
        if not len(self.slopes):
            return None
        exponents = found * self.slopes + self.shifts
        small = np.exp(-np.abs(exponents))
        first = np.where(exponents >= 0, small, 1) / (1 + small)
        return coupled(np.clip(first, _LEAST_CHANCE, 1 - _LEAST_CHANCE), self.n_classes)

"""The class whose centre is nearest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.distances import DensePoints
from vistazo.models.plan.linear import softmax
from vistazo.models.plan.matrix import Dense, Matrix, in_dense_parts
from vistazo.models.plan.operation import Decisions, operation


@operation
@dataclass(frozen=True, eq=False)
class NearestCentroid:
    """The first of the nearest ``centres``. Where there is a ``discriminant``, it has scores, too.

    ``by_score``: it decides by these.
    """

    centres: DensePoints
    discriminant: Discriminant | None
    by_score: bool

    @property
    def n_classes(self) -> int:
        return self.centres.n_points

    def decide(self, values: Matrix) -> Decisions:
        parts = [np.empty(0, np.int64)]
        parts += [away.argmin(axis=1) for away in self.centres.away(values)]
        predicted = np.concatenate(parts)
        if self.discriminant is None:
            return Decisions(predicted)
        scores = self.discriminant.scores(values)
        if self.by_score:
            predicted = scores.argmax(axis=1)
        between = scores[:, 1:] - scores[:, :1]
        both = np.concatenate([-between, between], axis=1) if len(scores.T) == 2 else scores
        return Decisions(predicted, softmax(scores), both)


@operation
@dataclass(frozen=True, eq=False)
class Discriminant:
    """``-|x / scale - centre|^2 + offset`` (Tibshirani et al. 2002)."""

    scale: NDArray[np.float64]
    centres: DensePoints
    offset: NDArray[np.float64]

    def scores(self, values: Matrix) -> Dense:
        parts = [np.empty((0, len(self.offset)))]
        for rows in in_dense_parts(values):
            parts += [self.offset - away for away in self.centres.away(rows / self.scale)]
        return np.concatenate(parts)

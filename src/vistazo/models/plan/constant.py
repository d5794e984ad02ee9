"""The same answer for every row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import Matrix
from vistazo.models.plan.operation import Decisions, operation


@operation
@dataclass(frozen=True, eq=False)
class Constant:
    """``predicted`` is the place of a class, ``probabilities`` (k,)."""

    predicted: int
    probabilities: NDArray[np.float64]

    @property
    def n_classes(self) -> int:
        return len(self.probabilities)

    def decide(self, values: Matrix) -> Decisions:
        predicted = np.full(len(values), self.predicted, dtype=np.int64)
        return Decisions(predicted, np.tile(self.probabilities, (len(values), 1)))

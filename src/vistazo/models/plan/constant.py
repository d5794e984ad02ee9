"""The same answer for all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.matrix import Matrix
from vistazo.models.plan.operation import Decisions, operation


@operation
@dataclass(frozen=True, eq=False)
class Constant:
    """The class in ``place``, with these ``probabilities`` (k,) and ``scores`` (k,) or None."""

    probabilities: NDArray[np.float64]
    scores: NDArray[np.float64] | None
    place: int

    @property
    def n_classes(self) -> int:
        return len(self.probabilities)

    def decide(self, values: Matrix) -> Decisions:
        rows = len(values)
        return Decisions(
            np.full(rows, self.place, dtype=np.int64),
            np.tile(self.probabilities, (rows, 1)),
            None if self.scores is None else np.tile(self.scores, (rows, 1)),
        )

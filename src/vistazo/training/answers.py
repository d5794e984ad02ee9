"""What a model said of films whose labels are known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Answers:
    """Calibrated probabilities (n, labels) of n films, and what is so.

    ``labels`` (n,) are columns of ``probabilities``, ``names`` what these columns are called, and
    ``patients`` (n,) numbers that films of one patient share. For two classes ``positive`` is the
    column that ``threshold`` speaks of; else None, and the most probable label is the answer.
    """

    probabilities: Floats
    labels: Rows
    patients: Rows
    names: tuple[str, ...]
    positive: int | None
    threshold: float

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, rows: Rows) -> Answers:
        return replace(
            self,
            probabilities=self.probabilities[rows],
            labels=self.labels[rows],
            patients=self.patients[rows],
        )

    @property
    def predicted(self) -> Rows:
        """The column decided on, per film, as serving decides."""
        if self.positive is None:
            return np.asarray(self.probabilities.argmax(axis=1))
        is_positive = self.probabilities[:, self.positive] >= self.threshold
        return np.where(is_positive, self.positive, 1 - self.positive)

    @property
    def of_the_truth(self) -> Floats:
        """The probability that each film's own label was given."""
        return self.probabilities[np.arange(len(self)), self.labels]

    @property
    def mistakes(self) -> Rows:
        """The rows that were answered wrongly, the worst first: least probability of the truth."""
        wrong = np.flatnonzero(self.predicted != self.labels)
        return wrong[np.argsort(self.of_the_truth[wrong], kind="stable")]

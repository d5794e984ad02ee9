"""What a model said of pictures whose labels are known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Answers:
    """Calibrated probabilities (n, labels) of n pictures, and what is so.

    ``labels`` (n,) are columns of ``probabilities``, ``names`` what these columns are called, and
    ``groups`` (n,) numbers that pictures which belong together share: those of one patient, one
    plant, one mould. For two classes ``positive`` is the
    column that ``threshold`` speaks of; else None, and the most probable label is the answer.
    """

    probabilities: Floats
    labels: Rows
    groups: Rows
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
            groups=self.groups[rows],
        )

    @property
    def predicted(self) -> Rows:
        """The column decided on, per picture, as serving decides."""
        if self.positive is None:
            return np.asarray(self.probabilities.argmax(axis=1))
        is_positive = self.probabilities[:, self.positive] >= self.threshold
        return np.where(is_positive, self.positive, 1 - self.positive)

    @property
    def of_the_truth(self) -> Floats:
        """The probability that each picture's own label was given."""
        return self.probabilities[np.arange(len(self)), self.labels]

    @property
    def mistakes(self) -> Rows:
        """The rows that were answered wrongly, the worst first: least probability of the truth."""
        wrong = np.flatnonzero(self.predicted != self.labels)
        return wrong[np.argsort(self.of_the_truth[wrong], kind="stable")]

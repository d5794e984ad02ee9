"""What a model said of pictures, texts or rows of numbers whose labels are known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from vistazo.models.serving_card import CostSpec

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Truth = NDArray[np.bool_]


# What the numbers of an answer are: an estimator may give decision values, or only its choice.
Numbers = Literal["probabilities", "scores", "choices"]


@dataclass(frozen=True, eq=False)
class Answers:
    """Calibrated probabilities (n, labels) of n pictures, and what is so.

    ``labels`` (n,) are columns of ``probabilities``, ``names`` what these columns are called, and
    ``groups`` (n,) numbers that pictures which belong together share: those of one patient, one
    plant, one mould. For two classes ``positive`` is the
    column that ``threshold`` speaks of; else None, and the most probable label is the answer.

    ``out_of_distribution`` (n,) says which answers carry that warning; None where the model has no
    baseline to tell by.

    A model of other samples than pictures (``what``) may decide by itself: ``decided`` (n,) are the
    columns that it chose, and ``numbers`` says what stands in ``probabilities``; of choices, 0 and
    1. ``costs`` are those of its errors, where the card says them.
    """

    probabilities: Floats
    labels: Rows
    groups: Rows
    names: tuple[str, ...]
    positive: int | None
    threshold: float
    decided: Rows | None = None
    numbers: Numbers = "probabilities"
    what: str = "pictures"
    out_of_distribution: Truth | None = None
    costs: CostSpec | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, rows: Rows) -> Answers:
        return replace(
            self,
            probabilities=self.probabilities[rows],
            labels=self.labels[rows],
            groups=self.groups[rows],
            decided=_of(self.decided, rows),
            out_of_distribution=_of(self.out_of_distribution, rows),
        )

    @property
    def predicted(self) -> Rows:
        """The column decided on, per picture, as serving decides."""
        if self.decided is not None:
            return self.decided
        if self.positive is None:
            return np.asarray(self.probabilities.argmax(axis=1))
        is_positive = self.probabilities[:, self.positive] >= self.threshold
        return np.where(is_positive, self.positive, 1 - self.positive)

    @property
    def way(self) -> str:
        """How two classes were told apart, for the legend of a chart."""
        return "as decided" if self.decided is not None else f"at {self.threshold:g}"

    @property
    def confidence(self) -> Floats:
        """The probability of each answer."""
        return self.probabilities[np.arange(len(self)), self.predicted]

    @property
    def of_the_truth(self) -> Floats:
        """The probability that each picture's own label was given."""
        return self.probabilities[np.arange(len(self)), self.labels]

    @property
    def mistakes(self) -> Rows:
        """The rows that were answered wrongly, the worst first: least probability of the truth."""
        wrong = np.flatnonzero(self.predicted != self.labels)
        return wrong[np.argsort(self.of_the_truth[wrong], kind="stable")]


_Values = TypeVar("_Values", bound=np.generic)


def _of(values: NDArray[_Values] | None, rows: Rows) -> NDArray[_Values] | None:
    return None if values is None else values[rows]

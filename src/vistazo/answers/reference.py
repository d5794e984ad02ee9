"""What a model's answers, and what it was asked, were like where its worth was measured.

Later ones are compared with that. Counts alone are kept, apart for each class that was answered:
so a change in how often a class comes can be told from a change in what its pictures look like.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.texts.letters import MOST_LETTERS, Letters

_BINS = 10
_MOST_BINS = 3 * _BINS  # each value that fills one has an edge on either side
_MOST_ANSWERS = 10**12  # so that no sum overflows

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Answered:
    """One answer: the place of its class among the labels, and each quantity that was measured.

    ``is_right`` is None where nobody knows.
    """

    label: int
    quantities: Mapping[str, float]
    is_right: bool | None = None


@dataclass(frozen=True, eq=False)
class Binned:
    """How often a quantity was in which bin: ``counts`` (labels, bins), between ``edges``
    (bins - 1,), which rise.
    """

    edges: tuple[float, ...]
    counts: Counts

    def bin_of(self, value: float) -> int:
        """A value on an edge belongs above it."""
        return int(np.searchsorted(self.edges, value, side="right"))


@dataclass(frozen=True, eq=False)
class Reference:
    """Of answers by the model of a card with these ``labels``: ``answered`` (labels,) of each.

    Of ``judged`` answers it was known what was true, and ``right`` of them were so. ``letters`` are
    those of the texts that were answered; None of anything else.
    """

    labels: tuple[str, ...]
    answered: Counts
    quantities: Mapping[str, Binned]
    judged: int = 0
    right: int = 0
    letters: Letters | None = None

    @property
    def count(self) -> int:
        return int(self.answered.sum())

    @staticmethod
    def of(
        labels: Sequence[str], answers: Sequence[Answered], letters: Letters | None = None
    ) -> Reference:
        """Raises ValueError for none."""
        if not answers:
            raise ValueError("a reference needs answers")
        each = Counter(answer.label for answer in answers)
        judged = [answer.is_right for answer in answers if answer.is_right is not None]
        names = sorted({name for answer in answers for name in answer.quantities})
        return Reference(
            tuple(labels),
            np.array([each[place] for place in range(len(labels))], np.int64),
            {name: _binned(name, answers, len(labels)) for name in names},
            len(judged),
            sum(judged),
            letters,
        )

    def as_json(self) -> str:
        quantities = {
            name: {"edges": list(binned.edges), "counts": binned.counts.tolist()}
            for name, binned in self.quantities.items()
        }
        document: dict[str, Any] = {
            "labels": self.labels,
            "answered": self.answered.tolist(),
            "quantities": quantities,
            "judged": self.judged,
            "right": self.right,
        }
        if self.letters is not None:
            document["letters"] = {
                "alphabet": self.letters.alphabet,
                "pairs": self.letters.pairs.tolist(),
            }
        return json.dumps(document)

    @staticmethod
    def from_json(text: str) -> Reference:
        """Raises ValueError for anything else: it may have come with somebody's model."""
        try:
            return _checked(json.loads(text))
        except (LookupError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            raise ValueError(f"no reference ({error})") from error


def _binned(name: str, answers: Sequence[Answered], n_labels: int) -> Binned:
    having = [answer for answer in answers if name in answer.quantities]
    values = np.array([answer.quantities[name] for answer in having], np.float64)
    edges = _edges(values)
    counts = np.zeros((n_labels, len(edges) + 1), np.int64)
    places = np.searchsorted(edges, values, side="right")
    for answer, place in zip(having, places.tolist(), strict=True):
        counts[answer.label, place] += 1
    return Binned(edges, counts)


def _edges(values: NDArray[np.float64]) -> tuple[float, ...]:
    """As many values in each bin; one that fills a bin by itself has one of its own."""
    edges = set(np.quantile(values, np.arange(1, _BINS) / _BINS, method="nearest").tolist())
    distinct, counts = np.unique(values, return_counts=True)
    for value in distinct[counts * _BINS >= len(values)].tolist():
        edges |= {value, float(np.nextafter(value, np.inf))}
    return tuple(sorted(edges))


def _checked(stored: Any) -> Reference:
    labels = tuple(map(str, stored["labels"]))
    quantities = {
        str(name): Binned(tuple(map(float, binned["edges"])), np.array(binned["counts"], np.int64))
        for name, binned in stored["quantities"].items()
    }
    found = Reference(
        labels,
        np.array(stored["answered"], np.int64),
        quantities,
        int(stored["judged"]),
        int(stored["right"]),
        _letters(stored.get("letters")),
    )
    if found.answered.shape != (len(labels),) or (found.answered < 0).any() or not found.count:
        raise ValueError("its answers do not fit its labels")
    if (found.answered > _MOST_ANSWERS).any():
        raise ValueError("it has more answers than can have been given")
    if not 0 <= found.right <= found.judged:
        raise ValueError("more answers were right than were judged")
    for name, binned in quantities.items():
        _check_bins(name, binned, found.answered)
    return found


def _letters(stored: Mapping[str, Any] | None) -> Letters | None:
    if stored is None:
        return None
    alphabet, pairs = str(stored["alphabet"]), np.array(stored["pairs"], np.int64)
    if not 0 < len(alphabet) <= MOST_LETTERS or list(alphabet) != sorted(set(alphabet)):
        raise ValueError("its letters are not in order")
    is_a_count = (pairs >= 0).all() and (pairs <= _MOST_ANSWERS).all() and pairs.any()
    if pairs.shape != (len(alphabet) + 2,) * 2 or not is_a_count:
        raise ValueError("the counts of its letters do not fit")
    return Letters(alphabet, pairs)


def _check_bins(name: str, binned: Binned, answered: Counts) -> None:
    edges = np.array(binned.edges, np.float64)
    if len(edges) >= _MOST_BINS:
        raise ValueError(f"{name} has too many bins")
    if not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        raise ValueError(f"the edges of {name} do not rise")
    if binned.counts.shape != (len(answered), len(edges) + 1) or (binned.counts < 0).any():
        raise ValueError(f"the counts of {name} do not fit")
    if (binned.counts > answered[:, np.newaxis]).any() or (binned.counts.sum(1) > answered).any():
        raise ValueError(f"{name} was measured more often than there were answers")
    if not binned.counts.sum():
        raise ValueError(f"{name} was never measured")

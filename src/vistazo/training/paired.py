"""Two models on the same pictures: how far their figures differ, and how often by chance."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.training.answers import Answers, Floats, Numbers
from vistazo.training.evaluation import Figure, Measure, interval, resamples
from vistazo.training.mcnemar import mcnemar
from vistazo.training.measures import measures_of

SWAPS = 2000
_LEAST_FIRST: tuple[Numbers, ...] = ("choices", "scores", "probabilities")
_EXACT_DECIMALS = 12


@dataclass(frozen=True)
class PairedFigure:
    """What a figure is of each model, and ``difference``, b - a, with its 95 % interval.

    ``chance`` is the p-value of the paired test of the difference, None where it was not tested.
    """

    a: float
    b: float
    difference: Figure
    chance: float | None

    def to_json(self) -> dict[str, Any]:
        a, b = (round(value, 4) if np.isfinite(value) else None for value in (self.a, self.b))
        chance = None if self.chance is None else round(self.chance, 4)
        return {"a": a, "b": b, "difference": self.difference.to_json(), "p": chance}


def paired_figures(a: Answers, b: Answers, tested: Collection[str]) -> dict[str, PairedFigure]:
    """Compare the answers of two models, row by row of the same pictures.

    ``labels``, ``groups``, ``names`` and ``positive`` are the same in both. The intervals are from
    resamples of whole groups, the same for both models. ``tested`` names the figures that are also
    put to a paired test: the accuracy to McNemar's, others to that of swapped answers.
    """
    measures, count = _measures(a, b), len(a)
    everyone, nobody = np.ones(count), np.zeros(count)
    drawn: dict[str, list[float]] = {name: [] for name in measures}
    for weights in resamples(a.groups):
        of_a, of_b = np.concatenate([weights, nobody]), np.concatenate([nobody, weights])
        for name, measure in measures.items():
            drawn[name].append(_difference(measure(of_a), measure(of_b)))
    found = {}
    for name, measure in measures.items():
        value_a = measure(np.concatenate([everyone, nobody]))
        value_b = measure(np.concatenate([nobody, everyone]))
        difference = Figure(_difference(value_a, value_b), *interval(drawn[name]))
        chance = _chance(name, measure, a, b) if name in tested else None
        found[name] = PairedFigure(value_a, value_b, difference, chance)
    return found


def _difference(a: float, b: float) -> float:
    """Without what two sums of the same numbers differ by in floating point; never -0."""
    return round(b - a, _EXACT_DECIMALS) + 0.0


def _measures(a: Answers, b: Answers) -> dict[str, Measure]:
    """Of the answers of ``a`` with those of ``b`` below: weights (2n,) choose whose count.

    The area under the curve is that of ranks, which are the same in kind, whatever the two models'
    numbers are; of one model's answers it stays what it was.
    """
    measures = measures_of(_below(a, b))
    if "auc" in measures:
        measures["auc"] = measures_of(_below(_ranked(a), _ranked(b)))["auc"]
    return measures


def _below(a: Answers, b: Answers) -> Answers:
    return replace(
        a,
        probabilities=np.concatenate([a.probabilities, b.probabilities]),
        labels=np.tile(a.labels, 2),
        groups=np.tile(a.groups, 2),
        decided=np.concatenate([a.predicted, b.predicted]),
        numbers=min(a.numbers, b.numbers, key=_LEAST_FIRST.index),
    )


def _ranked(answers: Answers) -> Answers:
    columns = [_midranks(column) for column in answers.probabilities.T]
    return replace(answers, probabilities=np.stack(columns, axis=1), decided=answers.predicted)


def _midranks(scores: Floats) -> Floats:
    """0..1; those that are equal share the mean of their ranks."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    return np.asarray(((np.cumsum(counts) - counts / 2) / len(scores))[place])


def _chance(name: str, measure: Measure, a: Answers, b: Answers) -> float:
    if name != "accuracy":
        return _chance_of_swaps(measure, a.groups)
    gained = (b.predicted == b.labels).astype(np.int64) - (a.predicted == a.labels)
    _, place = np.unique(a.groups, return_inverse=True)
    return mcnemar(np.bincount(place, gained).astype(np.int64))


def _chance_of_swaps(measure: Measure, groups: NDArray[np.int64]) -> float:
    """How often a difference as great comes about when the answers of the two models change places.

    If the models are alike, nobody could tell whose answers to a group are whose. For the area
    under the curve see Bandos, Rockette and Gur 2005, Statistics in Medicine 24:2873: unlike the
    test of DeLong et al. 1988 it stays true with few pictures, and with groups. Of SWAPS random
    ones; what happened counts as one more (Phipson and Smyth 2010), so it is never 0.
    """
    _, place = np.unique(groups, return_inverse=True)
    random, count = np.random.default_rng(0), int(np.max(place)) + 1

    def distance(stays: NDArray[np.bool_]) -> float:
        of_a = np.concatenate([stays, ~stays]).astype(np.float64)
        return abs(_difference(measure(of_a), measure(1 - of_a)))

    observed = distance(np.ones(len(groups), np.bool_))
    swapped = (distance((random.random(count) < 0.5)[place]) for _ in range(SWAPS))
    as_great = sum(not other < observed for other in swapped)  # nan: as great
    return (1 + as_great) / (1 + SWAPS)

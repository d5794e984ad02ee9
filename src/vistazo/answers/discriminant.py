"""What known strangers have that a model's own pictures have not.

Some strangers are too like the own pictures for a check that knows these alone: an adult's chest
beside a child's. Where examples of them are at hand, a direction in the feature map tells them
(outlier exposure: Hendrycks et al. 2019, Deep Anomaly Detection with Outlier Exposure, ICLR). It is
found by logistic regression on the strongest principal components of the own maps, each scaled to
the same strength, with a penalty that keeps a few dozen examples from deciding more than they show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

MOST_OWN, FEWEST_STRANGERS = 1000, 10
_COMPONENTS, _OWN_PER_COMPONENT = 64, 4
_NEGLIGIBLE = 1e-6
_PENALTY, _STEPS, _LARGEST_LOGIT = 0.005, 20, 30.0
_FOLDS = 5
_OWN_QUANTILE = 0.995


@dataclass(frozen=True, eq=False)
class Strangers:
    """Vectors (n, d) of pictures that a model was not made for.

    Neighbours may show the same thing: they are kept together in cross-validation. ``fewest`` is
    the share, 0..1, that must be told for the examples to be of use. Where more can be, own
    pictures get the room that leaves ``enough`` of the strangers told.
    """

    name: str
    vectors: Floats
    fewest: float = 0.5
    enough: float = 0.95


@dataclass(frozen=True, eq=False)
class Told:
    """Which strangers (n,) were told by a direction that was found without them.

    ``is_used`` says whether that was enough.
    """

    name: str
    is_told: NDArray[np.bool_]
    is_used: bool

    @property
    def count(self) -> int:
        return len(self.is_told)

    @property
    def share(self) -> float:
        return float(self.is_told.mean())


@dataclass(frozen=True, eq=False)
class Discriminant:
    """``weights`` (s, d) and ``offsets`` (s,): 0 is a usual own picture, 1 the limit."""

    weights: Floats
    offsets: Floats

    def strangeness(self, centred: Floats) -> float:
        """Of one vector (d,), less the mean of the own ones: in the direction where it is most."""
        # einsum: one picture is too little work for the threads of a matrix library.
        found = np.einsum("sd,d->s", self.weights, centred) + self.offsets
        return float(found.max())


def fit_discriminant(
    own: Floats, unseen: Floats, strangers: Sequence[Strangers]
) -> tuple[Discriminant | None, tuple[Told, ...]]:
    """Of own vectors (n, d), others (m, d) for the limit, and strangers; all less the same mean.

    Each kind of stranger has a direction of its own. None where no kind can be told. More than
    ``MOST_OWN`` vectors are of no use.
    """
    if not strangers:
        return None, ()
    whitening = _whitening(own)
    scale = _Scale(whitening, own @ whitening.T, unseen @ whitening.T)
    directions, told = [], []
    for kind in strangers:
        limit, is_told = _limit(scale, kind.vectors @ whitening.T, kind.enough)
        is_used = bool(is_told.mean() >= kind.fewest)
        told.append(Told(kind.name, is_told, is_used))
        if is_used:
            directions.append(_direction(scale, kind.vectors @ whitening.T, unseen, limit))
    if not directions:
        return None, tuple(told)
    weights, offsets = (np.stack(part).astype(np.float32) for part in zip(*directions, strict=True))
    return Discriminant(weights, offsets), tuple(told)


@dataclass(frozen=True, eq=False)
class _Scale:
    """``whitening`` (k, d), and own vectors and unseen ones after it: (n, k), (m, k)."""

    whitening: Floats
    own: Floats
    unseen: Floats


def _whitening(centred: Floats) -> Floats:
    """To the strongest principal components (k, d), each of unit variance."""
    strengths, vectors = np.linalg.eigh(centred @ centred.T)
    most = max(1, min(_COMPONENTS, len(centred) // _OWN_PER_COMPONENT))
    strongest = np.argsort(strengths)[::-1][:most]
    strongest = strongest[strengths[strongest] > _NEGLIGIBLE * strengths.max()]
    scaled = vectors[:, strongest] / strengths[strongest] * np.sqrt(len(centred))
    return np.asarray(scaled.T @ centred, np.float32)


def _limit(scale: _Scale, strange: Floats, enough: float) -> tuple[float, NDArray[np.bool_]]:
    """By cross-validation: how far to go from 0 at a usual own picture, and who is beyond.

    1 is where hardly an own picture is that is known. Strangers farther off leave room for own ones
    of another day.
    """
    scores = []
    for fold in np.array_split(np.arange(len(strange)), _FOLDS):
        weights = _logistic(scale.own, np.delete(strange, fold, axis=0))
        middle, largest = _own_range(scale.unseen @ weights)
        scores.append((strange[fold] @ weights - middle) / (largest - middle))
    found = np.concatenate(scores)
    limit = max(1.0, float(np.quantile(found, 1 - enough)))
    return limit, found >= limit


def _direction(
    scale: _Scale, strange: Floats, unseen: Floats, limit: float
) -> tuple[Floats, float]:
    weights = _logistic(scale.own, strange) @ scale.whitening
    weights = rounded(weights[np.newaxis].astype(np.float32))[0].astype(np.float64)
    middle, largest = _own_range(unseen @ weights)
    reach = (largest - middle) * limit
    return np.asarray(weights / reach, np.float32), -middle / reach


def _own_range(scores: Doubles) -> tuple[float, float]:
    middle, largest = float(np.median(scores)), float(np.quantile(scores, _OWN_QUANTILE))
    return middle, max(largest, middle + float(np.finfo(np.float32).eps))


def _logistic(own: Floats, strange: Floats) -> Doubles:
    """Weights (k,) of a regression in which both sides count the same, by Newton's method."""
    rows = np.concatenate([own, strange]).astype(np.float64)
    rows = np.hstack([rows, np.ones((len(rows), 1))])
    is_strange = np.arange(len(rows)) >= len(own)
    counts = np.where(is_strange, 1 / len(strange), 1 / len(own))
    penalty = np.full(rows.shape[1], _PENALTY)
    penalty[-1] = _NEGLIGIBLE
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        logits = np.clip(rows @ weights, -_LARGEST_LOGIT, _LARGEST_LOGIT)
        chances = 1 / (1 + np.exp(-logits))
        slope = rows.T @ (counts * (chances - is_strange)) + penalty * weights
        bends = counts * chances * (1 - chances)
        weights -= np.linalg.solve((rows.T * bends) @ rows + np.diag(penalty), slope)
    return weights[:-1]


def packed(weights: Floats) -> tuple[NDArray[np.float16], Floats]:
    """Half the size; a row's largest number becomes 1, lest small ones vanish."""
    largest = np.abs(weights).max(axis=1, keepdims=True)
    steps = np.maximum(largest, np.finfo(np.float32).tiny).astype(np.float32)
    return (weights / steps).astype(np.float16), steps


def unpacked(halves: NDArray[np.float16], steps: Floats) -> Floats:
    return np.asarray(halves, np.float32) * np.asarray(steps, np.float32)


def rounded(weights: Floats) -> Floats:
    """As they are after ``packed`` and ``unpacked``."""
    return unpacked(*packed(weights))

"""What a model's own pictures look like to it, and whether another picture looks like them.

A model that was made for chest X-rays answers for a photograph of a cat as well. But the last
feature map of such a picture is one that no picture of its kind gives: the principal components of
the training pictures' maps cannot rebuild it. What they leave over, the squared prediction error or
Q statistic, is the measure (Jackson and Mudholkar 1979, Control Procedures for Residuals Associated
With Principal Component Analysis, Technometrics 21). It is taken of the square roots of the map's
numbers, sign kept, lest a few strong features drown the others (power normalization: Perronnin et
al. 2010, Improving the Fisher Kernel for Large-Scale Image Classification). Strangers too like the
own pictures for that, and of which there are examples, are told by a ``Discriminant`` beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.discriminant import (
    MOST_OWN,
    Discriminant,
    Strangers,
    Told,
    fit_discriminant,
)
from vistazo.models.card import InputSpec

Floats = NDArray[np.float32]

OUT_OF_DISTRIBUTION = "out_of_distribution"

COMPONENTS = 32
# The limit: this quantile of pictures that the components were not made from, and some room, since
# pictures of another day are a little stranger than those of the same collection.
_QUANTILE, _ROOM = 0.995, 1.15
_LEVELS = 127
_NEGLIGIBLE = 1e-6
_ROUNDING = 1e-5  # of float32 over a whole map, in parts of its square


@dataclass(frozen=True)
class Likeness:
    """``score`` is in 0..1: near 1 for pictures like those of training, 0.5 at the limit.

    ``verdict`` says whether the picture is within the limit.
    """

    score: float
    verdict: bool


@dataclass(frozen=True, eq=False)
class Baseline:
    """Mean (d,) and principal components (k, d) of the roots of feature maps of d numbers each.

    ``limit`` is the largest residual of a picture of this kind, ``sha256`` that of the weights.
    ``prepared`` is how the pictures were, see ``preparation``; empty in files that do not say.
    ``discriminant`` is of the roots less ``mean``; None where there are no known strangers.
    """

    mean: Floats
    components: Floats
    limit: float
    sha256: str
    prepared: str = ""
    discriminant: Discriminant | None = None

    def likeness(self, features: Floats) -> Likeness:
        """Of one feature map (fh, fw, fc). One with a number that is none looks like nothing."""
        if not np.isfinite(features).all():
            return Likeness(0.0, verdict=False)
        centred = _roots(features[np.newaxis])[0] - self.mean
        strangeness = self._residual(centred) / self.limit
        if self.discriminant is not None:
            strangeness = max(strangeness, self.discriminant.strangeness(centred))
        return Likeness(2**-strangeness, strangeness <= 1)

    def _residual(self, centred: Floats) -> float:
        """As ``_residuals`` of one, in one pass over the components.

        By einsum: for one picture the threads of a matrix library cost more than they save.
        """
        weights = np.einsum("kd,d->k", self.components, centred).astype(np.float64)
        whole = float(np.einsum("d,d->", centred, centred))
        rebuilt = 2 * float(weights @ weights) - float(weights @ self._inner @ weights)
        return max(whole - rebuilt, 0.0)

    @cached_property
    def _inner(self) -> NDArray[np.float64]:
        """Of the components with each other: rounded, they are not quite orthonormal."""
        return np.asarray(self.components @ self.components.T, np.float64)


def preparation(spec: InputSpec) -> str:
    """What of a card's input changes the meaning of a feature map, as text."""
    return spec.model_dump_json(include={"colour", "resize", "equalize", "scale"})


def fit_baseline(features: Floats, unseen: Floats, sha256: str, prepared: str = "") -> Baseline:
    """Of feature maps (n, fh, fw, fc), and others (m, fh, fw, fc) of the same kind for the limit.

    At least as many maps as components, 32, and one unseen are needed.
    """
    flat = _roots(features)
    mean = flat.mean(axis=0)
    centred = flat - mean
    # The maps have more numbers than there are maps: their inner products are the smaller matrix.
    strengths, vectors = np.linalg.eigh(centred @ centred.T)
    strongest = np.argsort(strengths)[::-1][: min(COMPONENTS, flat.shape[1] // 2)]
    strongest = strongest[strengths[strongest] > _NEGLIGIBLE * strengths.max()]
    components = (vectors[:, strongest] / np.sqrt(strengths[strongest])).T @ centred
    rounded = dequantized(*quantized(components))
    mean = mean.astype(np.float16).astype(np.float32)
    largest = float(np.quantile(_residuals(_roots(unseen), mean, rounded), _QUANTILE))
    # Where the components rebuild everything, rounding is all that is left over.
    rounding = _ROUNDING * float(np.square(centred).sum(axis=1).mean())
    limit = max(largest * _ROOM, rounding, float(np.finfo(np.float32).tiny))
    return Baseline(mean, rounded, limit, sha256, prepared)


def tell_apart(
    baseline: Baseline, features: Floats, unseen: Floats, strangers: Sequence[Strangers]
) -> tuple[Baseline, tuple[Told, ...]]:
    """The same baseline, which tells strangers as well: maps as given to ``fit_baseline``.

    Of many ``features``, the first are used. The strangers' vectors are maps (n, fh, fw, fc), too.
    """
    discriminant, told = fit_discriminant(
        _roots(features[:MOST_OWN]) - baseline.mean,
        _roots(unseen) - baseline.mean,
        [replace(kind, vectors=_roots(kind.vectors) - baseline.mean) for kind in strangers],
    )
    return replace(baseline, discriminant=discriminant), told


def _roots(features: Floats) -> Floats:
    """Of maps (n, fh, fw, fc): (n, d)."""
    flat = features.reshape(len(features), -1)
    return np.asarray(np.sign(flat) * np.sqrt(np.abs(flat)))


def _residuals(roots: Floats, mean: Floats, components: Floats) -> Floats:
    """Squared distance (n,) of (n, d) from what the components rebuild."""
    centred = roots - mean
    rebuilt = (centred @ components.T) @ components
    return np.asarray(np.square(centred - rebuilt).sum(axis=1))


def quantized(components: Floats) -> tuple[NDArray[np.int8], Floats]:
    largest = np.abs(components).max(axis=1, keepdims=True)
    steps: Floats = np.maximum(largest / _LEVELS, np.finfo(np.float32).tiny).astype(np.float32)
    return np.rint(components / steps).astype(np.int8), steps


def dequantized(levels: NDArray[np.int8], steps: Floats) -> Floats:
    return np.asarray(levels, np.float32) * np.asarray(steps, np.float32)

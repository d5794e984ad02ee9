"""The threshold at which errors would have cost least."""

from __future__ import annotations

import numpy as np

from vistazo.models.serving_card import CostSpec
from vistazo.training.evaluation import Floats, Truth

_DIGITS = 4
_LEAST = 10.0**-_DIGITS


def cheapest_threshold(
    scores: Floats, is_positive: Truth, costs: CostSpec, own: float
) -> dict[str, float] | None:
    """It, with the sensitivity and specificity that go with it; None where one label is missing.

    ``scores`` (n,) are probabilities of the positive label. Of several that cost the same it is
    the one nearest to ``own``. Chosen on these very scores it is a little too good for others.
    """
    if is_positive.all() or not is_positive.any():
        return None
    thresholds = _between(scores, own)
    missed = np.searchsorted(np.sort(scores[is_positive]), thresholds) / is_positive.sum()
    called = 1 - np.searchsorted(np.sort(scores[~is_positive]), thresholds) / (~is_positive).sum()
    price = missed * costs.positive_share * costs.false_accept
    price += called * (1 - costs.positive_share) * costs.false_reject
    cheap = np.flatnonzero(price <= price.min() + 1e-12)
    best = cheap[np.abs(thresholds[cheap] - own).argmin()]
    return {
        "threshold": float(thresholds[best]),
        "sensitivity": round(float(1 - missed[best]), _DIGITS),
        "specificity": round(float(1 - called[best]), _DIGITS),
    }


def _between(scores: Floats, own: float) -> Floats:
    """A threshold between each two scores, beyond all of them, and the one that there is."""
    levels = np.unique(scores)
    middles = (levels[1:] + levels[:-1]) / 2
    every = np.concatenate([[_LEAST, own, 1 - _LEAST], middles])
    return np.unique(np.clip(np.round(every, _DIGITS), _LEAST, 1 - _LEAST))

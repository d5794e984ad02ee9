"""Some of the columns: sklearn.feature_selection."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, transformer
from vistazo.models.plan.selection import Columns

_Mask = NDArray[np.bool_]
_Row = NDArray[np.float64]


@transformer("SelectKBest")
def select_k_best(fitted: Fitted, importing: Importing) -> Columns:
    """The k highest scores; of equal ones the last."""
    return kept(fitted, importing, _k_best(fitted, "k"))


@transformer("SelectPercentile")
def select_percentile(fitted: Fitted, importing: Importing) -> Columns:
    """A percentage of the highest scores; of equal ones at its edge the first."""
    return kept(fitted, importing, _percentile(fitted, "percentile"))


@transformer("SelectFpr")
def select_fpr(fitted: Fitted, importing: Importing) -> Columns:
    """p-values below alpha."""
    return kept(fitted, importing, _fpr(fitted, "alpha"))


@transformer("SelectFdr")
def select_fdr(fitted: Fitted, importing: Importing) -> Columns:
    """Benjamini & Hochberg (JRSS 1995)."""
    return kept(fitted, importing, _fdr(fitted, "alpha"))


@transformer("SelectFwe")
def select_fwe(fitted: Fitted, importing: Importing) -> Columns:
    """p-values below alpha, divided by how many there are (Bonferroni)."""
    return kept(fitted, importing, _fwe(fitted, "alpha"))


@transformer("GenericUnivariateSelect")
def generic_select(fitted: Fitted, importing: Importing) -> Columns:
    """One of the others, by ``mode``, with ``param`` as its setting."""
    rule = _RULES.get(fitted.word("mode", "percentile"))
    if rule is None:
        raise fitted.refusal("its mode is not known here")
    return kept(fitted, importing, rule(fitted, "param"))


@transformer("VarianceThreshold")
def variance_threshold(fitted: Fitted, importing: Importing) -> Columns:
    """Variances above the threshold."""
    mask = _scores(fitted, "variances_") > fitted.number("threshold", 0.0)
    return kept(fitted, importing, mask)


@transformer("RFE", "RFECV", "SequentialFeatureSelector")
def chosen_in_training(fitted: Fitted, importing: Importing) -> Columns:
    """The columns that training chose."""
    found = fitted.raw_array("support_", n_axes=1)
    if found.dtype != bool:
        raise fitted.damaged("its support_ is no choice of columns")
    return kept(fitted, importing, found)


def _k_best(fitted: Fitted, setting: str) -> _Mask:
    scores = _scores(fitted, "scores_")
    if fitted.word(setting) == "all":
        return np.ones(len(scores), dtype=bool)
    k, mask = fitted.integer(setting, 10), np.zeros(len(scores), dtype=bool)
    if k > 0:
        mask[np.argsort(_without_nan(scores), kind="mergesort")[-k:]] = True
    return mask


def _percentile(fitted: Fitted, setting: str) -> _Mask:
    scores, percentile = _scores(fitted, "scores_"), fitted.number(setting, 10)
    if not 0 <= percentile <= 100:
        raise fitted.damaged("its percentile is none")
    if percentile in (0, 100) or not len(scores):
        return np.full(len(scores), percentile == 100)
    scores = _without_nan(scores)
    edge = np.percentile(scores, 100 - percentile)
    mask = np.asarray(scores > edge)
    room = int(len(scores) * percentile / 100) - int(mask.sum())
    mask[np.flatnonzero(scores == edge)[:room]] = True
    return mask


def _fpr(fitted: Fitted, setting: str) -> _Mask:
    return np.asarray(_scores(fitted, "pvalues_") < fitted.number(setting, 0.05))


def _fdr(fitted: Fitted, setting: str) -> _Mask:
    values = _scores(fitted, "pvalues_")
    alpha, rising = fitted.number(setting, 0.05), np.sort(values)
    passing = rising[rising <= alpha / max(1, len(values)) * np.arange(1, len(values) + 1)]
    return np.asarray(values <= passing.max()) if len(passing) else values < -np.inf


def _fwe(fitted: Fitted, setting: str) -> _Mask:
    values = _scores(fitted, "pvalues_")
    return np.asarray(values < fitted.number(setting, 0.05) / max(1, len(values)))


_RULES: dict[str, Callable[[Fitted, str], _Mask]] = {
    "k_best": _k_best,
    "percentile": _percentile,
    "fpr": _fpr,
    "fdr": _fdr,
    "fwe": _fwe,
}


def _scores(fitted: Fitted, name: str) -> _Row:
    """They may be NaN, for a column that is constant."""
    found = fitted.raw_array(name, n_axes=1)
    if found.dtype.kind not in "fiub":
        raise fitted.damaged(f"its {name} are no numbers")
    return found.astype(np.float64)


def _without_nan(scores: _Row) -> _Row:
    """NaN as the lowest number."""
    return np.where(np.isnan(scores), np.finfo(np.float64).min, scores)


def kept(fitted: Fitted, importing: Importing, mask: _Mask) -> Columns:
    """The columns of a mask. Raises UnreadableModelError where none is left."""
    if not mask.any():
        raise fitted.damaged("it keeps no column")
    importing.tell(fitted, f"{int(mask.sum())} of {len(mask)} columns")
    return Columns(np.flatnonzero(mask), len(mask))

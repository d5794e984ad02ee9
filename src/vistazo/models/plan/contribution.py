"""What each term of a text adds to a classifier's decision values, where that is a sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.models.plan.composition import Chain, Piped
from vistazo.models.plan.likelihood import CountLikelihood, marked
from vistazo.models.plan.linear import Linear
from vistazo.models.plan.matrix import Dense, SparseRows
from vistazo.models.plan.operation import Decider, Transform
from vistazo.models.plan.plan import Plan
from vistazo.models.plan.projection import Project
from vistazo.models.plan.scaling import Normalize, Standardize
from vistazo.models.plan.selection import Columns
from vistazo.models.plan.vectorizer import TermWeights, Vectorizer
from vistazo.models.plan.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class Contributions:
    """Of one text: ``terms``, and what each adds to the value of each class (n, k)."""

    terms: tuple[str, ...]
    values: Dense


def contributions(plan: Plan, text: str) -> Contributions | None:
    """Each term's number times its weight for a class. The mean over the classes is taken off, as
    probabilities do not change by it; of two classes the second has what the first has not.

    None where the classifier is no sum over words: where terms are no words or have no names, or
    where a step mixes them otherwise than by a sum.
    """
    steps, decider = _flat(plan)
    vectorizer, *rest = steps
    if not isinstance(vectorizer, Vectorizer) or not isinstance(vectorizer.terms, Vocabulary):
        return None
    if vectorizer.analysis.analyzer != "word" or not isinstance(decider, (Linear, CountLikelihood)):
        return None
    found = _to_the_end(vectorizer.apply([text]), rest)
    if found is None:
        return None
    rows, origins, projections = found
    weights = _weights(decider, rows.columns, projections)
    if isinstance(decider, CountLikelihood) and decider.above is not None:
        rows = _marked(rows, decider.above)
    values = rows.values[:, None] * _of_each_class(weights)
    terms = vectorizer.terms.terms_of(origins[rows.columns])
    return Contributions(terms, values) if np.isfinite(values).all() else None


def _flat(plan: Plan) -> tuple[list[Transform], Decider]:
    steps, decider = list(_opened(plan.transforms)), plan.decider
    while isinstance(decider, Piped):
        steps += _opened((decider.transform,))
        decider = decider.decider
    return steps or [Chain(())], decider


def _opened(transforms: Sequence[Transform]) -> Iterator[Transform]:
    for transform in transforms:
        if isinstance(transform, Chain):
            yield from _opened(transform.transforms)
        else:
            yield transform


def _to_the_end(
    rows: SparseRows, rest: Sequence[Transform]
) -> tuple[SparseRows, NDArray[np.int64], list[Dense]] | None:
    """The row of one text, the first columns of its columns, and what mixes these afterwards."""
    origins = np.arange(rows.n_columns)
    projections: list[Dense] = []
    for step in rest:
        if isinstance(step, Project):
            projections.append(step.weights)
            continue
        if projections and isinstance(step, Standardize):  # what it subtracts is of no word
            projections += [] if step.over is None else [np.diag(1 / step.over)]
            continue
        if projections or not _keeps_terms_apart(step):
            return None
        made = step.apply(rows)
        if not isinstance(made, SparseRows):
            return None
        rows = made
        if isinstance(step, Columns):
            origins = origins[step.kept]
    return rows, origins, projections


def _keeps_terms_apart(step: Transform) -> bool:
    """For one text a norm is a number that all of its terms are divided by."""
    if isinstance(step, Standardize):
        return step.minus is None
    return isinstance(step, (TermWeights, Normalize, Columns))


def _weights(
    decider: Linear | CountLikelihood, columns: NDArray[np.int64], projections: list[Dense]
) -> Dense:
    """Of these columns alone (n, k): there may be a hundred thousand others."""
    if not projections:
        return decider.weights[columns]
    mixed = projections[0][columns]
    for projection in projections[1:]:
        mixed = mixed @ projection
    return np.asarray(mixed @ decider.weights)


def _marked(rows: SparseRows, above: float) -> SparseRows:
    made = marked(rows, above)
    return made if isinstance(made, SparseRows) else rows


def _of_each_class(weights: Dense) -> Dense:
    if weights.shape[1] == 1:
        return np.concatenate([-weights, weights], axis=1)
    if weights.shape[1] == 2:
        difference = weights[:, 1:] - weights[:, :1]
        return np.concatenate([-difference, difference], axis=1)
    return np.asarray(weights - weights.mean(axis=1, keepdims=True))

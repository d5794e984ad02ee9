"""From what a file holds to a plan that has decided once."""

from __future__ import annotations

import numpy as np

from vistazo.errors import InputError, UnsupportedModelError
from vistazo.models.estimator_import import estimators
from vistazo.models.estimator_import.bundle import Bundle, bundle_of
from vistazo.models.estimator_import.features import (
    allows_missing,
    feature_names,
    n_features,
    takes_texts,
)
from vistazo.models.estimator_import.fitted import Fitted, Version
from vistazo.models.estimator_import.labels import labels_of
from vistazo.models.estimator_import.registry import Importing
from vistazo.models.plan.matrix import SparseRows, Values
from vistazo.models.plan.operation import Decisions, Transform, decided
from vistazo.models.plan.plan import Plan

# Of every letter, and with a word that is long: what a vectorizer makes of it does not matter.
_TEXTS = ("", "The quick brown fox jumps over the lazy dog, 1234 times.", "e" * 2000)

# To import it is what registers what it knows.
__all__ = ["estimators", "import_plan"]


def import_plan(content: object, vectorizer: object = None) -> Plan:
    """Compile what was read from a file, and from one beside it. Raises ModelError.

    The plan has decided on plain samples: its steps fit each other.
    """
    bundle = bundle_of(content, vectorizer)
    steps = (*bundle.steps, bundle.classifier)
    if any(takes_texts([step]) for step in steps[1:]):
        raise UnsupportedModelError(
            "Two vectorizers follow each other. Where the model's file holds its own, no "
            "VECTORIZER_PATH is needed."
        )
    importing = Importing()
    is_text = takes_texts(steps)
    transforms = tuple(importing.transform(step) for step in bundle.steps)
    plan = Plan(
        takes="texts" if is_text else "rows",
        n_features=0 if is_text else n_features(steps),
        labels=labels_of(bundle.classifier, bundle.encoder),
        transforms=transforms,
        decider=importing.decider(bundle.classifier),
        feature_names=feature_names(steps),
        allows_missing=allows_missing(steps),
        written_by=".".join(map(str, _version(bundle))),
        steps=tuple(importing.steps),
    )
    if len(plan.labels) != plan.decider.n_classes:
        raise bundle.classifier.damaged(
            f"it has {len(plan.labels)} classes_ and decides among {plan.decider.n_classes}"
        )
    _try(plan, bundle)
    return plan


def _version(bundle: Bundle) -> Version:
    return bundle.classifier.version or next(
        (step.version for step in bundle.steps if step.version), ()
    )


def _try(plan: Plan, bundle: Bundle) -> None:
    """Decide on plain samples, step by step. Raises ModelError where steps do not fit."""
    samples = _TEXTS if plan.takes == "texts" else _rows(plan.n_features)
    try:
        with np.errstate(all="ignore"):
            answers = [_answer(plan, bundle, samples[n : n + 1]) for n in range(len(samples))]
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnsupportedModelError(
            f"The estimators in the file do not fit each other: {error}."
        ) from error
    # Some take positive numbers only, some whole ones: it is enough that one sample has an answer.
    if False in answers and True not in answers:
        raise bundle.classifier.damaged("it answers with infinite or undefined numbers")


def _answer(plan: Plan, bundle: Bundle, sample: Values) -> bool | None:
    """Whether it is finite; None for a sample that the estimators do not take."""
    try:
        decisions = _decided(plan, bundle, sample)
    except InputError:
        return None
    numbers = decisions.probabilities if decisions.scores is None else decisions.scores
    return numbers is None or bool(np.isfinite(numbers).all())


def _decided(plan: Plan, bundle: Bundle, values: Values) -> Decisions:
    afterwards = (*bundle.steps, bundle.classifier)[1:]
    for transform, after in zip(plan.transforms, afterwards, strict=True):
        values = _transformed(transform, values, after)
    return decided(plan.decider, values)


def _transformed(transform: Transform, values: Values, after: Fitted) -> Values:
    found = transform.apply(values)
    width = found.n_columns if isinstance(found, SparseRows) else found.shape[1]
    wanted = n_features((after,)) if after.has("n_features_in_") or after.has("coef_") else width
    if width != wanted:
        raise UnsupportedModelError(
            f"{after.class_name} takes {wanted} numbers and is given {width}: it and what stands "
            "before it were not fitted together. Save both from the same training."
        )
    return found


def _rows(n: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Ones, zeros, and rising numbers."""
    return np.vstack([np.ones(n), np.zeros(n), np.linspace(-1, 1, n), np.arange(n)])

"""Estimators made of others: sklearn.pipeline, and searches of sklearn.model_selection."""

from __future__ import annotations

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import (
    Importing,
    classifier,
    is_classifier,
    transformer,
)
from vistazo.models.plan.composition import Chain, Piped, Union
from vistazo.models.plan.operation import Decider, Transform

SEARCHES = (
    "GridSearchCV",
    "RandomizedSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
)
_LEFT_OUT = (None, "passthrough", "drop")


def steps_of(fitted: Fitted) -> list[Fitted]:
    """The estimators of a pipeline in order, nested ones opened, and what a search has found; any
    other alone.
    """
    if fitted.class_name in SEARCHES:
        return steps_of(fitted.child("best_estimator_"))
    if fitted.class_name != "Pipeline":
        return [fitted]
    return [step for each in _named(fitted, "steps") for step in steps_of(each)]


def first_of(fitted: Fitted) -> Fitted:
    """The estimator that samples come to first. Raises ModelError where there is none."""
    steps = steps_of(fitted)
    if not steps:
        raise fitted.refusal("it has no steps")
    return steps[0]


def has_a_classifier(fitted: Fitted) -> bool:
    """Whether it ends in a classifier that is known."""
    steps = steps_of(fitted)
    return bool(steps) and is_classifier(steps[-1])


@transformer("Pipeline", *SEARCHES)
def pipeline(fitted: Fitted, importing: Importing) -> Transform:
    """One transform after the other."""
    return Chain(tuple(importing.transform(step) for step in steps_of(fitted)))


@classifier("Pipeline", *SEARCHES)
def classifying_pipeline(fitted: Fitted, importing: Importing) -> Decider:
    """Transforms, then a classifier."""
    *before, last = steps_of(fitted) or [fitted]
    if not before:
        return importing.decider(last)
    chain = Chain(tuple(importing.transform(step) for step in before))
    return Piped(chain, importing.decider(last))


@transformer("FeatureUnion")
def feature_union(fitted: Fitted, importing: Importing) -> Transform:
    """The columns of all transforms side by side (sklearn.pipeline.FeatureUnion.transform)."""
    weights = fitted.get("transformer_weights")
    known = weights if isinstance(weights, dict) else {}
    pairs = [
        (importing.transform(part), float(known.get(name, 1.0)))
        for name, part in _pairs(fitted, "transformer_list")
    ]
    if not pairs:
        raise fitted.refusal("nothing is left of it")
    importing.tell(fitted, f"{len(pairs)} parts")
    return Union(tuple(part for part, _ in pairs), tuple(weight for _, weight in pairs))


def parts_of(fitted: Fitted) -> list[Fitted]:
    """Of a FeatureUnion; of any other none."""
    return _named(fitted, "transformer_list") if fitted.class_name == "FeatureUnion" else []


def _named(fitted: Fitted, name: str) -> list[Fitted]:
    return [part for _, part in _pairs(fitted, name)]


def _pairs(fitted: Fitted, name: str) -> list[tuple[str, Fitted]]:
    """Names and estimators, without those that are left out."""
    found = fitted.get(name)
    if not isinstance(found, (list, tuple)):
        raise fitted.unfitted(name)
    pairs = []
    for entry in found:
        if not isinstance(entry, (list, tuple)) or len(entry) < 2:
            raise fitted.damaged(f"its {name} are no pairs of a name and an estimator")
        if isinstance(entry[1], str) or entry[1] is None:
            if entry[1] not in _LEFT_OUT:
                raise fitted.damaged(f"its step '{entry[1]}' is unknown")
            continue
        pairs.append((str(entry[0]), fitted.fitted(entry[1], name)))
    return pairs

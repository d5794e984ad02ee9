"""Estimators that decide as the one in them does."""

from __future__ import annotations

from vistazo.models.estimator_import.fitted import Fitted
from vistazo.models.estimator_import.registry import Importing, classifier
from vistazo.models.plan.operation import Decider


@classifier("SelfTrainingClassifier")
def self_training(fitted: Fitted, importing: Importing) -> Decider:
    """sklearn.semi_supervised: its estimator, trained on what it labelled itself too."""
    importing.tell(fitted)
    return importing.decider(fitted.child("estimator_", "base_estimator_"))


@classifier("FrozenEstimator")
def frozen(fitted: Fitted, importing: Importing) -> Decider:
    """sklearn.frozen: one that is not trained again."""
    return importing.decider(fitted.child("estimator"))


@classifier("TunedThresholdClassifierCV", "FixedThresholdClassifier")
def with_threshold(fitted: Fitted, _: Importing) -> Decider:
    raise fitted.refusal(
        "its threshold is not read. Save the estimator in it (estimator_), and write the threshold "
        "into the card (output: threshold)"
    )

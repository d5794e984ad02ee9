"""Which figures of merit make sense of what a model gave, and which way each is better."""

from __future__ import annotations

from vistazo.training.answers import Answers, Numbers
from vistazo.training.evaluation import Measure, binary_measures, multiclass_measures

# What each is called where people read it.
FIGURES = {
    "auc": "AUC",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "f1": "F1",
    "brier": "Brier score",
    "expected_calibration_error": "calibration error",
}
BETTER_WHEN_LESS = ("brier", "expected_calibration_error")
_OF_TWO_LABELS = ("balanced_accuracy",)
_NO_FIGURES_OF: dict[Numbers, tuple[str, ...]] = {
    "probabilities": (),
    "scores": BETTER_WHEN_LESS,
    "choices": ("auc", *BETTER_WHEN_LESS),
}


def measures_of(answers: Answers) -> dict[str, Measure]:
    """Each figure by its name, but those that make no sense of what the model gives."""
    labels, predicted, positive = answers.labels, answers.predicted, answers.positive
    if positive is None:
        every = multiclass_measures(answers.probabilities, predicted, labels)
    else:
        scores = answers.probabilities[:, positive]
        every = binary_measures(scores, predicted == positive, labels == positive)
    left_out = _NO_FIGURES_OF[answers.numbers]
    return {name: measure for name, measure in every.items() if name not in left_out}


def figure_names(*, is_binary: bool) -> tuple[str, ...]:
    """Those that there are of two labels, or of more, where a model gives probabilities."""
    return tuple(name for name in FIGURES if is_binary or name not in _OF_TWO_LABELS)

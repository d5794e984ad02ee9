"""Bars that a model has to meet, from how they are written to whether they are met."""

from __future__ import annotations

import numpy as np
import pytest

from vistazo.errors import SettingsError
from vistazo.training.answers import Answers
from vistazo.training.measures import figure_names, measures_of
from vistazo.training.requirement import check_measured, read_requirement, settle


@pytest.mark.parametrize(
    ("written", "value", "is_met"),
    [
        ("auc=0.95", 0.95, True),
        ("auc=0.95", 0.9499, False),
        (" auc >= 0.95 ", 0.96, True),
        ("brier=0.1", 0.1, True),
        ("brier<=0.1", 0.1001, False),
        ("expected_calibration_error=0.05", 0.01, True),
        ("sensitivity=1", None, False),
        ("f1=0", float("nan"), False),
    ],
)
def test_at_least_as_good_is_good_enough_and_undefined_is_not(
    written: str, value: float | None, is_met: bool
) -> None:
    assert read_requirement(written).is_met(value) == is_met


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("auc=0,95", "Write it with a point: auc=0.95"),
        ("acc=0.9", "Known are auc, accuracy, balanced_accuracy, sensitivity"),
        ("AUC=0.9", "'AUC' is no figure"),
        ("auc=1.5", "auc lies between 0 and 1"),
        ("auc=-0.5", "auc lies between 0 and 1"),
        ("auc=nan", "auc lies between 0 and 1"),
        ("brier=2.5", "brier lies between 0 and 2"),
        ("auc=95%", "no number"),
        ("auc", "in quotation marks"),
        ("auc>0.9", "Write it as auc=0.95"),
        ("auc==0.9", "Write it as auc=0.95"),
        ("auc=0.9=1", "Write it as auc=0.95"),
        ("", "Write it as auc=0.95"),
        ("auc<=0.9", "auc is better when it is greater. Write auc=0.9"),
        ("brier>=0.1", "brier is better when it is less. Write brier=0.1"),
    ],
)
def test_what_is_no_requirement_is_refused_in_words(written: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_requirement(written)
    assert said in str(refused.value)


@pytest.mark.parametrize("count", [2, 3])
def test_the_known_figures_are_those_that_are_measured(count: int) -> None:
    names = ("a", "b", "c")[:count]
    labels = np.arange(count)
    positive = 1 if count == 2 else None
    answers = Answers(np.eye(count), labels, labels, names, positive, 0.5)
    assert figure_names(is_binary=count == 2) == tuple(measures_of(answers))


def test_a_figure_of_two_labels_cannot_be_required_of_three() -> None:
    balanced = [read_requirement("balanced_accuracy=0.9")]
    check_measured(balanced, is_binary=True)
    with pytest.raises(SettingsError, match="Of more than two labels there is no balanced_acc"):
        check_measured(balanced, is_binary=False)


def test_what_a_model_cannot_have_is_not_met() -> None:
    asked = [read_requirement("auc=0.5"), read_requirement("brier=0.2")]
    settled = settle(asked, {"auc": {"value": 0.7, "low": 0.4, "high": 0.9}})
    assert settled == [
        {"figure": "auc", "at_least": 0.5, "value": 0.7, "is_met": True},
        {"figure": "brier", "at_most": 0.2, "value": None, "is_met": False},
    ]

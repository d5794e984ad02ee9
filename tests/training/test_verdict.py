"""One figure decides, by one rule."""

from __future__ import annotations

import numpy as np
import pytest

from vistazo.errors import InputError, SettingsError
from vistazo.training.answers import Answers
from vistazo.training.evaluation import Figure
from vistazo.training.paired import PairedFigure
from vistazo.training.pairing import Pair
from vistazo.training.verdict import check_decides, deciding_figure, judge, sentence

NAN = float("nan")


def figure(low: float, high: float, chance: float | None = 0.01) -> PairedFigure:
    middle = (low + high) / 2
    return PairedFigure(0.5, 0.5 + middle, Figure(middle, low, high), chance)


def pair(count: int = 2, numbers: str = "probabilities") -> Pair:
    labels = np.arange(count)
    names = ("a", "b", "c")[:count]
    positive = 1 if count == 2 else None
    answers = Answers(np.eye(count), labels, labels, names, positive, 0.5, numbers=numbers)  # type: ignore[arg-type]
    return Pair(answers, answers, count, 0, 0)


@pytest.mark.parametrize(
    ("name", "measured", "verdict"),
    [
        ("auc", figure(0.01, 0.05), "better"),
        ("auc", figure(-0.05, -0.01), "worse"),
        ("brier", figure(0.01, 0.05), "worse"),
        ("expected_calibration_error", figure(-0.05, -0.01), "better"),
        ("auc", figure(-0.01, 0.05), "no_difference"),
        ("auc", figure(0, 0.05), "no_difference"),
        ("auc", figure(0.01, 0.05, chance=0.125), "no_difference"),
        ("auc", figure(0.01, 0.05, chance=None), "no_difference"),
        ("auc", figure(NAN, NAN), "no_difference"),
        ("auc", figure(0, 0, chance=1), "no_difference"),
    ],
)
def test_interval_and_test_have_to_agree(name: str, measured: PairedFigure, verdict: str) -> None:
    assert judge(name, measured) == verdict


def test_the_area_decides_for_two_labels_and_the_accuracy_for_more() -> None:
    assert deciding_figure(pair(), None) == "auc"
    assert deciding_figure(pair(), "f1") == "f1"
    assert deciding_figure(pair(3), None) == "accuracy"
    assert deciding_figure(pair(numbers="choices"), None) == "accuracy"


def test_a_figure_that_is_missing_or_undefined_decides_nothing() -> None:
    with pytest.raises(SettingsError, match=r"have no auc\. Choose --by of accuracy, f1"):
        check_decides({"accuracy": figure(0, 1), "f1": figure(0, 1)}, "auc")
    with pytest.raises(InputError, match="auc is undefined: what both answered has not every"):
        check_decides({"auc": figure(NAN, NAN)}, "auc")


def test_the_verdict_is_one_plain_sentence() -> None:
    better = sentence("auc", figure(0.01, 0.05), "better", pair())
    assert better == (
        "B is better: the AUC of B is 0.5300, that of A 0.5000. B - A is +0.0300 "
        "(+0.0100 to +0.0500), p: 0.0100."
    )
    none = sentence("auc", figure(0, 0, chance=1e-9), "no_difference", pair())
    assert none.startswith("No difference that 2 pictures can show: the AUC of B is 0.5000, that")
    assert none.endswith("B - A is 0.0000 (0.0000 to 0.0000), p: < 0.0001.")

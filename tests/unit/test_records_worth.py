"""What feedback says: accuracy over time, calibration, and whether labels have come to disagree."""

from __future__ import annotations

import asyncio
import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from kept_answers import LABELS, MODEL, answer, kept_in, said
from vistazo.answers.reference import Answered, Reference
from vistazo.api.feedback_worth import feedback_worth
from vistazo.classifier import ModelIdentity
from vistazo.service.records.concept_drift import _LEVEL, concept_drift, less_right
from vistazo.service.records.worth import WINDOW, JudgedAnswer, Share, Worth


def judged(*is_right: bool, confidence: float | None = 0.9) -> list[JudgedAnswer]:
    return [JudgedAnswer(at, right, confidence) for at, right in enumerate(is_right)]


def worth(right: int, wrong: int) -> Worth:
    return Worth.of(judged(*[True] * right, *[False] * wrong), 1_000, right + wrong)


def reference(right: int, count: int) -> Reference:
    return Reference.of(LABELS, [Answered(0, {}, place < right) for place in range(count)])


@pytest.mark.parametrize(("right", "count"), [(0, 1), (1, 1), (0, 40), (37, 40), (5_000, 5_000)])
def test_an_interval_is_wilson_s_and_holds_the_share(right: int, count: int) -> None:
    found = Share.of(right, count)
    expected = stats.binomtest(right, count).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_of_nothing_judged_nothing_is_said() -> None:
    nothing = Worth.of([], 7, 0)
    assert (nothing.accuracy, nothing.newest, nothing.over_time) == (None, None, ())
    assert nothing.expected_calibration_error is None


@pytest.mark.parametrize("count", [1, 19, 20, 41, 500, 4_999])
def test_the_parts_in_time_hold_each_judged_answer_once_and_in_order(count: int) -> None:
    periods = Worth.of(judged(*[True] * count), count, count).over_time
    assert 1 <= len(periods) <= 12
    assert sum(period.accuracy.count for period in periods) == count
    assert all(one.to_ms < other.from_ms for one, other in pairwise(periods))
    assert min(period.accuracy.count for period in periods) >= min(count, 20)


def test_the_calibration_error_is_the_gap_between_how_sure_and_how_right() -> None:
    sure = judged(*[True] * 60, *[False] * 40, confidence=0.9)
    doubtful = judged(*[True] * 55, *[False] * 45, confidence=0.55)
    found = Worth.of([*sure, *doubtful], 200, 200).expected_calibration_error
    assert found == pytest.approx((100 * 0.3 + 100 * 0) / 200)
    certain = Worth.of(judged(*[True] * 2, confidence=1.0), 2, 2)
    assert certain.expected_calibration_error == 0
    unsaid = Worth.of(judged(*[True] * 2, confidence=None), 2, 2)
    assert unsaid.expected_calibration_error is None


@pytest.mark.parametrize(("right", "of"), [(0, 30), (80, 100), (95, 100), (100, 100)])
def test_the_probability_is_fisher_s(right: int, of: int) -> None:
    table = [[right, of - right], [600, 26]]
    expected = stats.fisher_exact(table, alternative="less").pvalue
    assert less_right(Share.of(right, of), 600, 626) == pytest.approx(expected, rel=1e-6)


def test_labels_that_disagree_while_the_inputs_look_the_same_are_concept_drift() -> None:
    found = concept_drift(worth(70, 30), reference(595, 626), inputs_look_the_same=True)
    assert (found.state, found.inputs_look_the_same) == ("drifting", True)
    assert found.p_value is not None
    assert found.p_value < _LEVEL
    assert found.expected_accuracy == pytest.approx(595 / 626)
    assert found.what_to_do
    assert set(found.what_to_do) == {"en", "es"}
    assert "fair sample" in found.what_to_do["en"]


def test_where_the_inputs_changed_too_that_is_said_and_it_is_no_concept_drift() -> None:
    found = concept_drift(worth(70, 30), reference(595, 626), inputs_look_the_same=False)
    assert (found.state, found.inputs_look_the_same) == ("steady", False)
    assert found.what_to_do
    assert "changed, too" in found.what_to_do["en"]


def test_where_nobody_knows_of_the_inputs_somebody_is_told_all_the_same() -> None:
    found = concept_drift(worth(70, 30), reference(595, 626), inputs_look_the_same=None)
    assert (found.state, found.inputs_look_the_same) == ("drifting", None)
    assert found.what_to_do
    assert "nobody knows" in found.what_to_do["en"]


def test_few_labels_no_reference_and_a_model_as_right_as_it_was_are_no_drift() -> None:
    known = reference(595, 626)
    assert concept_drift(worth(0, 29), known, inputs_look_the_same=True).state == "too_few"
    assert concept_drift(Worth.of([], 0, 0), known, inputs_look_the_same=True).state == "too_few"
    assert concept_drift(worth(95, 5), known, inputs_look_the_same=True).state == "steady"
    assert (
        concept_drift(worth(100, 0), reference(300, 626), inputs_look_the_same=True).state
        == "steady"
    )
    for none in (None, Reference.of(LABELS, [Answered(0, {})])):
        assert concept_drift(worth(0, 100), none, inputs_look_the_same=True).state == "no_baseline"


@pytest.mark.parametrize("accuracy", [0.8, 0.95])
def test_whoever_looks_after_each_of_ten_thousand_labels_is_not_told_wrongly(
    accuracy: float,
) -> None:
    """Ten seeds; and a fall of 20 in 100 is seen within 300 labels, of each of them."""
    random, judged_before = np.random.default_rng(15), 626
    right = round(accuracy * judged_before)
    worst = max(
        count
        for count in range(WINDOW + 1)
        if count == 0 or less_right(Share.of(count, WINDOW), right, judged_before) < _LEVEL
    )
    for _ in range(10):
        assert _of_windows(random.random(10_000) < accuracy).min() > worst
        later = _of_windows(random.random(300 + WINDOW) < accuracy - 0.2)
        assert later.min() <= worst


def _of_windows(is_right: np.ndarray) -> np.ndarray:
    total = np.concatenate([[0], np.cumsum(is_right)])
    return total[WINDOW:] - total[:-WINDOW]


def test_what_get_drift_shows_is_of_this_model_alone(tmp_path: Path) -> None:
    other = ModelIdentity("pneumonia", "2.0.0", "cd" * 32)
    with kept_in(tmp_path) as records:
        for number in range(60):
            records.keep(answer(f"r-{number}", age_days=60 - number))
            records.keep(answer(f"o-{number}", model=other))
        for number in range(40):
            label = "NORMAL" if number % 4 else "PNEUMONIA"
            records.judge(said(label, f"r-{number}")).result(5)
            records.judge(said("NORMAL", f"o-{number}")).result(5)
        shown = asyncio.run(
            feedback_worth(records, MODEL, reference(595, 626), inputs_look_the_same=True)
        )
    assert shown
    found = json.loads(shown.model_dump_json())
    assert (found["answers"], found["labelled"]) == (60, 40)
    assert found["accuracy"]["value"] == pytest.approx(0.25)
    assert found["expected_calibration_error"] == pytest.approx(0.65)
    assert [period["answers"] for period in found["over_time"]] == [20, 20]
    assert set(found["over_time"][0]) == {"from", "to", "answers", "accuracy", "low", "high"}
    assert found["over_time"][0]["from"] < found["over_time"][1]["from"]
    assert found["concept_drift"]["state"] == "drifting"
    assert math.isfinite(found["concept_drift"]["p_value"])
    assert asyncio.run(feedback_worth(None, MODEL, None, inputs_look_the_same=True)) is None

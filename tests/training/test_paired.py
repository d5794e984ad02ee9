"""Two models on the same pictures, held against definitions and against simulated truth."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray

from vistazo.training.answers import Answers
from vistazo.training.mcnemar import mcnemar
from vistazo.training.paired import PairedFigure, paired_figures

Floats = NDArray[np.float64]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vistazo.training.evaluation.RESAMPLES", 60)
    monkeypatch.setattr("vistazo.training.paired.SWAPS", 60)


def answers(scores: Floats, truth: NDArray[np.bool_], groups: NDArray[np.int64]) -> Answers:
    both = np.stack([1 - scores, scores], axis=1)
    return Answers(both, truth.astype(np.int64), groups, ("no", "yes"), 1, 0.5)


def compared(a: Floats, b: Floats, truth: NDArray[np.bool_]) -> dict[str, PairedFigure]:
    groups = np.arange(len(truth))
    return paired_figures(answers(a, truth, groups), answers(b, truth, groups), ("auc", "accuracy"))


@pytest.mark.parametrize("gained", [0, 1, 5, 40])
@pytest.mark.parametrize("lost", [0, 1, 9])
def test_of_single_pictures_it_is_the_binomial_test_of_those_that_one_model_has_right(
    gained: int, lost: int
) -> None:
    differences = np.repeat([1, -1, 0], [gained, lost, 3])
    both, fewer = gained + lost, min(gained, lost)
    tail = sum(math.comb(both, k) for k in range(fewer + 1)) / 2**both
    expected = min(1.0, 2 * tail)
    assert mcnemar(differences) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=30)
@given(some.lists(some.integers(-4, 4), max_size=6))
def test_of_groups_it_counts_every_way_to_change_the_signs(differences: list[int]) -> None:
    ways = itertools.product((1, -1), repeat=len(differences))
    sums = [abs(sum(s * d for s, d in zip(way, differences, strict=True))) for way in ways]
    expected = np.mean([value >= abs(sum(differences)) for value in sums])
    assert mcnemar(np.array(differences, np.int64)) == pytest.approx(expected)


def test_a_hundred_thousand_disagreements_overflow_nothing() -> None:
    assert mcnemar(np.repeat([1, -1], [50_000, 50_000])) == pytest.approx(1)
    assert mcnemar(np.repeat([1, -1], [60_000, 40_000])) < 1e-9


def test_figures_are_those_of_each_model_alone_and_the_difference_has_a_sign() -> None:
    truth = np.array([True, True, False, False])
    found = compared(np.array([0.9, 0.2, 0.3, 0.1]), np.array([0.9, 0.6, 0.3, 0.1]), truth)
    assert (found["auc"].a, found["auc"].b) == pytest.approx((0.75, 1))
    assert found["sensitivity"].difference.value == pytest.approx(0.5)
    assert found["brier"].difference.value == pytest.approx((0.4**2 - 0.8**2) / 4)
    assert found["accuracy"].chance == 1
    assert found["sensitivity"].chance is None


def test_the_scale_of_the_scores_does_not_matter_to_the_test_of_the_area() -> None:
    random = np.random.default_rng(1)
    truth = random.random(40) < 0.5
    a, b = random.random(40) + truth * 0.2, random.random(40) + truth * 0.6
    plain, squeezed = compared(a, b, truth)["auc"], compared(a, b / 1000, truth)["auc"]
    assert plain == squeezed
    assert compared(a, a**3, truth)["auc"].chance == 1


def test_two_pictures_prove_nothing_however_different_the_answers() -> None:
    found = compared(np.array([0.9, 0.1]), np.array([0.1, 0.9]), np.array([False, True]))
    assert found["auc"].difference.value == 1
    for name in ("auc", "accuracy"):
        chance = found[name].chance
        assert chance is not None
        assert chance > 0.3


def test_pictures_of_one_group_are_one_piece_of_evidence() -> None:
    truth = np.tile([True, False], 30)
    a, b = np.full(60, 0.4), np.where(truth, 0.9, 0.1)
    alone = answers(a, truth, np.arange(60)), answers(b, truth, np.arange(60))
    grouped = [replace(each, groups=np.arange(60) // 30) for each in alone]
    tested = ("auc", "accuracy")
    single, together = paired_figures(*alone, tested), paired_figures(*grouped, tested)
    assert single["auc"].chance == 1 / 61  # none of sixty swaps, and what happened
    assert single["accuracy"].chance == pytest.approx(2 / 2**30)
    assert together["auc"].chance == pytest.approx(0.5, abs=0.2)
    assert together["accuracy"].chance == 0.5
    assert together["auc"].difference.value == single["auc"].difference.value == 0.5


def test_both_models_are_measured_on_the_same_resample() -> None:
    random = np.random.default_rng(3)
    truth = random.random(30) < 0.5
    scores = random.random(30)
    for name, figure in compared(scores, scores, truth).items():
        assert (figure.difference.low, figure.difference.high) == (0, 0), name


def test_what_one_label_alone_leaves_undefined_is_undefined() -> None:
    found = compared(np.array([0.2, 0.9]), np.array([0.7, 0.9]), np.array([True, True]))
    assert found["auc"].to_json()["difference"] == {"value": None, "low": None, "high": None}
    assert found["accuracy"].b == 1


def test_figures_that_one_of_the_models_cannot_have_are_left_out() -> None:
    truth = np.array([True, False, True])
    a = answers(np.array([0.9, 0.1, 0.4]), truth, np.arange(3))
    assert set(paired_figures(a, replace(a, numbers="scores"), ())) == set(
        paired_figures(replace(a, numbers="scores"), a, ())
    )
    assert "brier" not in paired_figures(a, replace(a, numbers="scores"), ())
    assert "auc" not in paired_figures(a, replace(a, numbers="choices"), ())


def simulated(random: np.random.Generator, gain: float) -> tuple[Answers, Answers]:
    """Sixty patients of two films each, alike; B sees what A sees, and by ``gain`` more."""
    of_patient = np.repeat(random.random(60) < 0.5, 2)
    shown = np.repeat(random.normal(size=60), 2)
    a, b = (of_patient * (1.5 + more) + shown + random.normal(0, 0.7, 120) for more in (0.0, gain))
    groups = np.arange(120) // 2
    squeezed = [1 / (1 + np.exp(0.75 - score)) for score in (a, b)]
    return answers(squeezed[0], of_patient, groups), answers(squeezed[1], of_patient, groups)


@pytest.mark.longer
def test_intervals_hold_the_truth_and_tests_are_wrong_as_often_as_they_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vistazo.training.evaluation.RESAMPLES", 200)
    monkeypatch.setattr("vistazo.training.paired.SWAPS", 200)
    random = np.random.default_rng(5)
    runs, held, found = 300, 0, {"auc": 0, "accuracy": 0}
    for _ in range(runs):
        figures = paired_figures(*simulated(random, 0.0), ("auc", "accuracy"))
        difference = figures["auc"].difference
        held += difference.low <= 0 <= difference.high
        for name in found:
            chance = figures[name].chance
            found[name] += chance is not None and chance < 0.05
    assert 0.91 <= held / runs <= 0.985
    assert all(count / runs < 0.085 for count in found.values())

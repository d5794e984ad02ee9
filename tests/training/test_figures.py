from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.typing import NDArray

from vistazo.answers.decision import with_temperature
from vistazo.training.answers import Answers
from vistazo.training.calibration import (
    balanced_weights,
    equal_error_threshold,
    fit_temperature,
    threshold_of_sensitivity,
    uncertain_band,
)
from vistazo.training.evaluation import (
    auc,
    binary_measures,
    calibration_error,
    confusion,
    mean_auc,
    multiclass_measures,
    with_intervals,
)

PICTURES = some.lists(
    some.tuples(some.sampled_from([0.0, 0.1, 0.2, 0.5, 0.7, 1.0]), some.booleans()), min_size=1
)


def _pairs(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """By counting, as the definition says."""
    wins = [1.0 if p > n else 0.5 if p == n else 0.0 for p in scores[truth] for n in scores[~truth]]
    return float(np.mean(wins))


@given(PICTURES)
def test_auc_is_the_share_of_pairs_in_the_right_order(pictures: list[tuple[float, bool]]) -> None:
    scores = np.array([score for score, _ in pictures])
    truth = np.array([positive for _, positive in pictures])
    if truth.all() or not truth.any():
        assert np.isnan(auc(scores, truth))
    else:
        assert auc(scores, truth) == pytest.approx(_pairs(scores, truth))


def test_a_weight_counts_like_copies_of_a_picture() -> None:
    random = np.random.default_rng(0)
    scores, truth = random.random(30).round(1), random.random(30) < 0.5
    copies = random.integers(0, 4, 30)
    repeated = auc(np.repeat(scores, copies), np.repeat(truth, copies))
    assert auc(scores, truth, copies.astype(float)) == pytest.approx(repeated)
    repeated = calibration_error(np.repeat(scores, copies), np.repeat(truth, copies))
    assert calibration_error(scores, truth, copies.astype(float)) == pytest.approx(repeated)


def test_calibration_error_of_a_known_case() -> None:
    # 0.8 is said four times and is so once in two; 0.1 is said twice and is never so.
    scores = np.array([0.8, 0.8, 0.8, 0.8, 0.1, 0.1])
    truth = np.array([True, False, True, False, False, False])
    assert calibration_error(scores, truth) == pytest.approx(4 / 6 * 0.3 + 2 / 6 * 0.1)


def test_calibration_error_of_certainty_that_is_right_is_zero() -> None:
    assert calibration_error(np.array([0.0, 1.0]), np.array([False, True])) == 0


def test_counts_add_up_and_the_threshold_itself_is_positive() -> None:
    scores = np.array([0.5, 0.4, 0.5, 0.1, 0.9])
    truth = np.array([True, True, False, False, True])
    both = np.stack([1 - scores, scores], axis=1)
    answers = Answers(both, truth.astype(np.int64), np.arange(5), ("no", "yes"), 1, 0.5)
    counts = confusion(answers.predicted == 1, truth)
    assert counts == type(counts)(2, 1, 1, 1)


def test_figures_follow_from_the_counts_and_lie_in_their_intervals() -> None:
    random = np.random.default_rng(4)
    truth = random.random(200) < 0.6
    scores = np.clip(truth * 0.3 + random.random(200) * 0.7, 0, 1)
    counts = confusion(scores >= 0.5, truth)
    figures = with_intervals(binary_measures(scores, scores >= 0.5, truth), np.arange(200) // 2)
    tp, fn = counts.true_positives, counts.false_negatives
    tn, fp = counts.true_negatives, counts.false_positives
    assert figures["accuracy"].value == pytest.approx((tp + tn) / 200)
    assert figures["sensitivity"].value == pytest.approx(tp / (tp + fn))
    assert figures["specificity"].value == pytest.approx(tn / (tn + fp))
    assert figures["f1"].value == pytest.approx(2 * tp / (2 * tp + fp + fn))
    for name, figure in figures.items():
        assert figure.low <= figure.high, name
        # Resampling favours larger calibration errors: that one alone is biased upwards.
        assert name == "expected_calibration_error" or figure.low <= figure.value <= figure.high


def test_pictures_of_few_groups_give_wider_intervals() -> None:
    random = np.random.default_rng(4)
    truth = np.repeat(random.random(50) < 0.5, 8)
    scores = np.repeat(random.random(50), 8)
    said = scores >= 0.5
    measures = {"accuracy": binary_measures(scores, said, truth)["accuracy"]}
    grouped = with_intervals(measures, np.arange(400) // 8)["accuracy"]
    alone = with_intervals(measures, np.arange(400))["accuracy"]
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_a_part_with_one_label_has_no_auc_and_says_so() -> None:
    scores, is_positive = np.array([0.2, 0.9]), np.array([True, True])
    figures = with_intervals(binary_measures(scores, scores >= 0.5, is_positive), np.arange(2))
    assert figures["auc"].to_json() == {"value": None, "low": None, "high": None}


def test_several_labels_are_measured_each_against_the_rest() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.5, 0.2, 0.3], [0.4, 0.5, 0.1]])
    labels = np.array([0, 1, 2, 1])
    measures = multiclass_measures(probabilities, probabilities.argmax(axis=1), labels)
    figures = with_intervals(measures, np.arange(4))
    assert figures["accuracy"].value == 0.75
    assert figures["auc"].value == pytest.approx(mean_auc(probabilities, labels))


def _overconfident(pictures: int, by: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    random = np.random.default_rng(7)
    logits = random.normal(0, 2, pictures)
    labels = (random.random(pictures) < 1 / (1 + np.exp(-logits))).astype(np.int64)
    said = 1 / (1 + np.exp(-by * logits))
    return np.stack([1 - said, said], axis=1), labels


@pytest.mark.parametrize("by", [0.4, 1.0, 3.0])
def test_the_fitted_temperature_undoes_false_confidence(by: float) -> None:
    probabilities, labels = _overconfident(20_000, by)
    temperature = fit_temperature(probabilities, labels)
    assert temperature == pytest.approx(by, rel=0.06)
    assert calibration_error(with_temperature(probabilities, temperature)[:, 1], labels == 1) < 0.02


def test_a_temperature_of_one_changes_nothing_and_none_changes_the_order() -> None:
    probabilities, _ = _overconfident(100, 1.0)
    np.testing.assert_allclose(with_temperature(probabilities, 1), probabilities, atol=1e-9)
    hot = with_temperature(probabilities, 3)
    np.testing.assert_allclose(hot.sum(axis=1), 1)
    assert np.argsort(hot[:, 1]).tolist() == np.argsort(probabilities[:, 1]).tolist()


def test_sensitivity_meets_specificity_at_the_threshold() -> None:
    random = np.random.default_rng(2)
    truth = random.random(4000) < 0.8
    scores = 1 / (1 + np.exp(-random.normal(np.where(truth, 1.0, -1.5), 1.0)))
    threshold = equal_error_threshold(scores, truth)
    counts = confusion(scores >= threshold, truth)
    sensitivity = counts.true_positives / truth.sum()
    specificity = counts.true_negatives / (~truth).sum()
    assert sensitivity == pytest.approx(specificity, abs=0.01)


def test_between_labels_that_lie_apart_the_threshold_is_in_the_middle() -> None:
    scores, truth = np.array([0.1, 0.3, 0.7, 0.9]), np.array([False, False, True, True])
    assert equal_error_threshold(scores, truth) == pytest.approx(0.5, abs=0.01)


def test_the_threshold_does_not_depend_on_how_common_the_label_is() -> None:
    random = np.random.default_rng(2)
    negatives, positives = random.random(500) * 0.7, 0.3 + random.random(500) * 0.7
    thresholds = [
        equal_error_threshold(
            np.concatenate([negatives, np.tile(positives, times)]),
            np.repeat([False, True], [500, 500 * times]),
        )
        for times in (1, 5)
    ]
    assert thresholds[0] == thresholds[1]


def test_the_uncertain_band_holds_the_threshold_and_its_share_of_pictures() -> None:
    random = np.random.default_rng(2)
    scores = random.random(1000)
    band = uncertain_band(scores, random.random(1000) < 0.5, 0.4, share=0.2)
    assert band is not None
    assert band[0] < 0.4 < band[1]
    assert ((scores >= band[0]) & (scores <= band[1])).mean() == pytest.approx(0.2, abs=0.02)


def test_one_label_alone_has_no_uncertain_band() -> None:
    assert uncertain_band(np.array([0.2, 0.8]), np.array([True, True]), 0.5) is None


def test_balanced_weights_make_labels_count_the_same() -> None:
    labels = np.array([0, 1, 1, 1, 3])
    weights = balanced_weights(labels)
    assert weights.mean() == pytest.approx(1)
    assert [weights[labels == k].sum() for k in (0, 1, 3)] == pytest.approx([5 / 3] * 3)


def test_a_wanted_sensitivity_is_reached_and_no_more_than_needed() -> None:
    random = np.random.default_rng(2)
    truth = random.random(4000) < 0.8
    scores = 1 / (1 + np.exp(-random.normal(np.where(truth, 1.0, -1.5), 1.0)))
    threshold = threshold_of_sensitivity(scores, truth, 0.96)
    assert (scores[truth] >= threshold).mean() >= 0.96
    assert (scores[truth] >= threshold + 0.002).mean() < 0.96


@pytest.mark.parametrize(("score", "threshold"), [(0.0, 0.02), (1.0, 0.98)])
def test_a_wanted_sensitivity_asks_for_no_threshold_at_the_ends(
    score: float, threshold: float
) -> None:
    one = np.array([score]), np.array([True])
    assert threshold_of_sensitivity(*one, 0.9) == threshold

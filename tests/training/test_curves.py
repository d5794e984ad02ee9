from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from vistazo.training.curves import average_precision, precision_recall, reliability, roc
from vistazo.training.evaluation import auc

SCORES = np.array([0.9, 0.8, 0.8, 0.3, 0.1])
TRUTH = np.array([True, True, False, True, False])
PICTURES = some.lists(
    some.tuples(some.sampled_from([0.0, 0.1, 0.2, 0.5, 0.7, 1.0]), some.booleans()), min_size=1
)


def test_roc_takes_pictures_of_one_score_in_one_step() -> None:
    alarms, hits = roc(SCORES, TRUTH)
    assert alarms.tolist() == pytest.approx([0, 0, 1 / 2, 1 / 2, 1])
    assert hits.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1, 1])


@given(PICTURES)
def test_the_area_under_roc_is_the_auc(pictures: list[tuple[float, bool]]) -> None:
    scores = np.array([score for score, _ in pictures])
    truth = np.array([positive for _, positive in pictures])
    if truth.any() and not truth.all():
        alarms, hits = roc(scores, truth)
        assert np.trapezoid(hits, alarms) == pytest.approx(auc(scores, truth))


def test_precision_and_recall_of_a_known_case() -> None:
    recall, precision = precision_recall(SCORES, TRUTH)
    assert recall.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1, 1])
    assert precision.tolist() == pytest.approx([1, 1, 2 / 3, 3 / 4, 3 / 5])
    assert average_precision(SCORES, TRUTH) == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_without_a_positive_picture_there_is_no_average_precision() -> None:
    assert np.isnan(average_precision(SCORES, np.zeros(5, np.bool_)))


def test_a_bin_holds_what_was_said_what_is_so_and_how_sure_that_is() -> None:
    said = np.array([0.81, 0.85, 0.86, 0.88, 0.02])
    low, high = reliability(said, np.array([True, True, True, False, False]))
    assert (low.count, low.share, low.low) == (1, 0, 0)
    assert high.count == 4
    assert high.said == pytest.approx(0.85)
    assert high.share == 0.75
    # Wilson's interval for 3 of 4, from its definition: |p - 0.75| = z sqrt(p (1 - p) / 4).
    for end in (high.low, high.high):
        assert abs(end - 0.75) == pytest.approx(1.959964 * np.sqrt(end * (1 - end) / 4))

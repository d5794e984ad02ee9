"""The measures of drift, against scipy and by their definitions."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from scipy import special

from vistazo.service.drift.distance import (
    SAME,
    binomial_survival,
    chi_square_survival,
    distance,
    jensen_shannon_distance,
    likelihood_ratio,
    population_stability_index,
)

ONE, OTHER = [30, 25, 0, 45], [80, 110, 6, 70]


@pytest.mark.parametrize("degrees", [1, 2, 3, 9, 28, 29])
def test_the_tail_of_chi_square_is_that_of_scipy(degrees: int) -> None:
    for value in (0.0, 1e-9, 0.5, 5.0, 46.0, 300.0, 1400.0):
        assert chi_square_survival(value, degrees) == pytest.approx(
            special.chdtrc(degrees, value), rel=1e-9, abs=1e-300
        )


@pytest.mark.parametrize("share", [0.0, 1e-6, 0.3, 0.9999, 1.0])
def test_the_tail_of_the_binomial_is_that_of_scipy(share: float) -> None:
    for count, trials in ((0, 10), (1, 1), (3, 10), (240, 250), (4999, 5000), (2600, 5000)):
        assert binomial_survival(count, trials, share) == pytest.approx(
            special.bdtrc(count - 1, trials, share), rel=1e-6, abs=1e-290
        )


def test_the_likelihood_ratio_is_that_of_a_table_of_both_samples() -> None:
    table = np.array([ONE, OTHER], np.float64)
    independent = table.sum(0) * table.sum(1, keepdims=True) / table.sum()
    expected = 2 * special.rel_entr(table, independent).sum()
    assert likelihood_ratio(ONE, OTHER) == pytest.approx(expected)


def test_the_jensen_shannon_distance_is_that_of_scipy_and_within_0_and_1() -> None:
    p, q = np.array(ONE) / sum(ONE), np.array(OTHER) / sum(OTHER)
    middle = (p + q) / 2
    nats = (special.rel_entr(p, middle).sum() + special.rel_entr(q, middle).sum()) / 2
    expected = math.sqrt(nats / math.log(2))
    assert jensen_shannon_distance(ONE, OTHER) == pytest.approx(expected)
    assert jensen_shannon_distance([1, 0], [0, 1]) == 1
    assert jensen_shannon_distance(ONE, ONE) == 0


def test_the_stability_index_is_finite_for_empty_bins_and_0_for_the_same() -> None:
    p, q = [0.1, 0.9], [0.4, 0.6]
    exact = sum((a - b) * math.log(a / b) for a, b in zip(p, q, strict=True))
    counts = ([1e6 * each for each in shares] for shares in (p, q))
    assert population_stability_index(*counts) == pytest.approx(exact, rel=1e-4)
    assert 1 < population_stability_index([100, 0], [0, 100]) < 12
    assert population_stability_index(ONE, ONE) == 0


def test_what_chance_gives_small_samples_is_taken_off_the_index() -> None:
    """Uncorrected, 100 answers beside 200 would be said to have changed slightly, always."""
    random, shares = np.random.default_rng(0), np.full(10, 0.1)
    found, raw = [], []
    for _ in range(200):
        ours, theirs = random.multinomial(100, shares), random.multinomial(200, shares)
        raw.append(population_stability_index(ours.tolist(), theirs.tolist()))
        found.append(distance(ours.tolist(), (theirs / 200).tolist(), 200).psi)
    assert np.mean(raw) > 0.11
    assert np.mean(found) < 0.05
    assert min(found) == 0


@pytest.mark.parametrize(("n", "m"), [(100, 60), (250, 600), (250, 64)])
def test_the_p_value_says_how_often_chance_does_as_much(n: int, m: int) -> None:
    """With a bin in fifty that next to nobody is in, and one that nobody is in."""
    random, shares = np.random.default_rng(1), np.array([0.3, 0.02, 0.28, 0.3, 0.1, 0.0])
    ours, theirs = (random.multinomial(size, shares, 2000) for size in (n, m))
    pairs = zip(ours.tolist(), (theirs / m).tolist(), strict=True)
    p_values = np.array([distance(one, other, m).p_value for one, other in pairs])
    for level in (0.1, 0.01):
        allowed = level + 3 * math.sqrt(level / len(p_values))
        assert np.mean(p_values < level) < 1.3 * allowed
    assert np.mean(p_values < 0.1) > 0.05


def test_two_samples_that_cannot_be_told_apart_are_the_same() -> None:
    assert distance([0, 0], [0.5, 0.5], 100) == SAME
    assert distance([0, 250, 0], [0.0, 1.0, 0.0], 600) == SAME
    assert distance([250, 0], [0.5, 0.5], 1) == SAME  # of one answer nothing is known


@pytest.mark.parametrize("size", [100, 600, 100_000])
def test_a_value_that_all_had_and_none_has_any_more_is_seen(size: int) -> None:
    found = distance([0, 0, 100], [0.0, 1.0, 0.0], size)
    assert found.psi > 5
    assert found.js_distance == pytest.approx(1)
    assert found.p_value < 1e-20


def test_what_is_too_little_for_a_group_of_its_own_joins_its_neighbour() -> None:
    assert distance([45, 45, 10], [0.5, 0.4, 0.1], 600) == distance([45, 55], [0.5, 0.5], 600)


def test_thousands_of_answers_prove_no_more_than_a_few_hundred_that_were_independent() -> None:
    """Two samples of 300 pictures differ as much; asked again and again they say nothing new."""
    counts = [5_000 * share for share in (0.23, 0.19, 0.2, 0.17, 0.21)]
    assert distance(counts, [0.2] * 5, 10**6).p_value > 0.01
    assert chi_square_survival(likelihood_ratio(counts, [2e5] * 5), 4) < 1e-9


def test_a_comparison_takes_microseconds() -> None:
    counts, shares = [25] * 10, [0.1] * 10
    started = time.process_time()
    for _ in range(200):
        distance(counts, shares, 600)
    assert time.process_time() - started < 200 * 0.000_3

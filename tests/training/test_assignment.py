from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from vistazo.training.assignment import best_assignment, cheapest_cycles

Floats = NDArray[np.float64]
SQUARES = st.integers(1, 6).flatmap(
    lambda n: arrays(np.float64, (n, n), elements=st.floats(-100, 100, width=32))
)


def total(gain: Floats, columns: tuple[int, ...]) -> float:
    return float(sum(gain[row, column] for row, column in enumerate(columns)))


@given(gain=SQUARES)
def test_no_permutation_is_better_than_the_assignment(gain: Floats) -> None:
    found = tuple(best_assignment(gain).tolist())
    assert sorted(found) == list(range(len(gain)))
    best = max(total(gain, columns) for columns in permutations(range(len(gain))))
    assert total(gain, found) == pytest.approx(best, abs=1e-6)


def test_hundreds_of_labels_are_assigned_in_no_time() -> None:
    random = np.random.default_rng(0)
    hidden = random.permutation(300)
    gain = random.normal(size=(300, 300))
    gain[np.arange(300), hidden] += 10
    np.testing.assert_array_equal(best_assignment(gain), hidden)


@given(gain=SQUARES.filter(lambda gain: len(gain) > 1))
def test_the_cheapest_departure_through_each_row_is_found(gain: Floats) -> None:
    best = best_assignment(gain)
    rows = np.arange(len(gain))
    cost = gain[rows, best][:, np.newaxis] - gain[:, best]
    for start, cycle in enumerate(cheapest_cycles(cost)):
        assert cycle[0] == start
        assert len(set(cycle)) == len(cycle) > 1
        changed = best.copy()
        changed[list(cycle)] = best[[*cycle[1:], start]]
        others = [
            columns for columns in permutations(range(len(gain))) if columns[start] != best[start]
        ]
        cheapest = max(total(gain, columns) for columns in others)
        assert total(gain, tuple(changed)) == pytest.approx(cheapest, abs=1e-5)

"""What a model's answers were like where its worth was measured."""

from __future__ import annotations

import json

import numpy as np
import pytest

from vistazo.answers.reference import Answered, Reference
from vistazo.texts.letters import Letters


def reference(values: list[float], labels: list[int] | None = None) -> Reference:
    labels = labels or [0] * len(values)
    answers = [
        Answered(label, {"brightness": value}, is_right=label == 0)
        for label, value in zip(labels, values, strict=True)
    ]
    return Reference.of(["A", "B"], answers)


def test_each_bin_holds_about_as_many_and_each_class_is_counted_apart() -> None:
    values = np.random.default_rng(0).normal(size=1000).tolist()
    found = reference(values, [0] * 600 + [1] * 400)
    counts = found.quantities["brightness"].counts
    assert counts.shape == (2, 10)
    assert counts.sum(axis=1).tolist() == found.answered.tolist() == [600, 400]
    assert np.abs(counts.sum(axis=0) - 100).max() <= 1
    assert (found.judged, found.right) == (1000, 600)


def test_a_value_that_all_have_is_told_from_those_above_and_below() -> None:
    """Such as the width of pictures that one camera took."""
    binned = reference([224.0] * 50).quantities["brightness"]
    assert len({binned.bin_of(value) for value in (223.0, 224.0, 225.0)}) == 3
    assert binned.counts.max() == 50


def test_a_reference_comes_back_as_it_was() -> None:
    found = reference([0.1, 0.2, 0.3, 0.7], [0, 1, 1, 0])
    back = Reference.from_json(found.as_json())
    assert back.as_json() == found.as_json()
    assert back.quantities["brightness"].bin_of(0.3) == found.quantities["brightness"].bin_of(0.3)


def test_the_letters_of_texts_come_back_too() -> None:
    letters = Letters.of(["Ñandú 1, ñu 2"])
    assert letters is not None
    found = Reference.of(["A", "B"], [Answered(0, {"language": -2.0})], letters)
    back = Reference.from_json(found.as_json()).letters
    assert back is not None
    assert back.alphabet == "adnuñú"
    assert back.pairs.tolist() == letters.pairs.tolist()
    assert back.familiarity("ñandú") == letters.familiarity("ñandú")


def test_an_answer_without_a_quantity_is_counted_and_not_measured() -> None:
    found = Reference.of(["A", "B"], [Answered(0, {"size": 3.0}), Answered(1, {})])
    assert found.answered.tolist() == [1, 1]
    assert found.quantities["size"].counts.sum() == 1
    with pytest.raises(ValueError, match="needs answers"):
        Reference.of(["A", "B"], [])


@pytest.mark.parametrize(
    "spoiled",
    [
        {"labels": ["A"]},
        {"answered": [-1, 5]},
        {"answered": [0, 0]},
        {"judged": 1, "right": 2},
        {"quantities": {"x": {"edges": [2, 1], "counts": [[1, 1, 1]] * 2}}},
        {"quantities": {"x": {"edges": [float("nan")], "counts": [[1, 1]] * 2}}},
        {"quantities": {"x": {"edges": [1], "counts": [[1, 1]]}}},
        {"quantities": {"x": {"edges": [1], "counts": [[0, 0]] * 2}}},
        {"quantities": {"x": {"edges": [1], "counts": [[1e300, 0]] * 2}}},
        {"quantities": []},
        {"letters": {}},
        {"letters": ["a"]},
        {"letters": {"alphabet": "", "pairs": [[1, 1], [1, 1]]}},
        {"letters": {"alphabet": "ba", "pairs": [[1] * 4] * 4}},
        {"letters": {"alphabet": "aa", "pairs": [[1] * 4] * 4}},
        {"letters": {"alphabet": "ab", "pairs": [[1] * 3] * 3}},
        {"letters": {"alphabet": "a", "pairs": [[1, 1, -1]] * 3}},
        {"letters": {"alphabet": "a", "pairs": [[0, 0, 0]] * 3}},
        {"letters": {"alphabet": "a", "pairs": [[1, 1, 2**62]] * 3}},
        {"letters": {"alphabet": "".join(map(chr, range(100, 161))), "pairs": [[1] * 63] * 63}},
        {"quantities": {"x": {"edges": [1], "counts": [[1, 1], [1, 0]]}}},
        {"quantities": {"x": {"edges": list(range(30)), "counts": [[1] + [0] * 30] * 2}}},
        {"answered": [2**62, 2**62]},
    ],
)
def test_what_is_no_reference_is_refused(spoiled: dict[str, object]) -> None:
    """It may have come with somebody's model."""
    whole = json.loads(reference([0.1, 0.2], [0, 1]).as_json())
    with pytest.raises(ValueError, match=r"."):
        Reference.from_json(json.dumps(whole | spoiled))

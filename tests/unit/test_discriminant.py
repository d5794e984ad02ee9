from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import card
from vistazo.answers.baseline_file import read_baseline, write_baseline
from vistazo.answers.discriminant import Discriminant, Strangers, fit_discriminant
from vistazo.answers.likeness import Baseline, fit_baseline, tell_apart
from vistazo.errors import UnreadableModelError

SHA256 = "1" * 64
SHAPE = (4, 4, 8)
NUMBERS = 4 * 4 * 8
SPEC = card().input


def maps(count: int, seed: int, *, shift: float = 0.0, along: int = 0) -> Any:
    """Feature maps that vary along ten directions; ``shift`` moves all along one of them."""
    directions = np.random.default_rng(0).normal(0, 1, (10, NUMBERS))
    random = np.random.default_rng(seed)
    places = random.normal(0, 1, (count, 10))
    places[:, along] += shift
    roots = places @ directions + random.normal(0, 0.1, (count, NUMBERS))
    numbers = (np.sign(roots) * roots**2).astype(np.float32)
    return numbers.reshape(count, *SHAPE)


def strangers(seed: int, *, shift: float = 6.0, along: int = 0, count: int = 40) -> Strangers:
    return Strangers("others", maps(count, seed, shift=shift, along=along))


def flagged(baseline: Baseline, pictures: Any) -> float:
    return float(np.mean([not baseline.likeness(one).verdict for one in pictures]))


@pytest.fixture(scope="module")
def plain() -> Baseline:
    return fit_baseline(maps(300, seed=1), maps(200, seed=2), SHA256)


@pytest.fixture(scope="module")
def taught(plain: Baseline) -> Baseline:
    kinds = [strangers(3), strangers(4, along=1)]
    return tell_apart(plain, maps(300, seed=1), maps(200, seed=2), kinds)[0]


def test_strangers_like_the_own_pictures_are_told_once_there_are_examples(
    plain: Baseline, taught: Baseline
) -> None:
    """They lie in the space of the own components: the residual alone does not see them."""
    for along in (0, 1):
        unseen = maps(100, seed=5, shift=6, along=along)
        assert flagged(plain, unseen) < 0.2
        assert flagged(taught, unseen) > 0.75


def test_own_pictures_are_not_flagged_for_what_the_examples_show(taught: Baseline) -> None:
    assert flagged(taught, maps(500, seed=6)) <= 0.01


def test_nearer_to_the_strangers_is_never_said_to_be_more_alike(taught: Baseline) -> None:
    scores = [taught.likeness(maps(1, seed=7, shift=s)[0]).score for s in (0, 3, 6, 12)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 0.5 < scores[0]


def test_examples_that_look_like_the_own_pictures_are_not_used(plain: Baseline) -> None:
    same = [strangers(8, shift=0), strangers(9)]
    baseline, told = tell_apart(plain, maps(300, seed=1), maps(200, seed=2), same)
    assert [each.is_used for each in told] == [False, True]
    assert told[0].share < 0.1
    assert told[1].share > 0.9
    assert baseline.discriminant is not None
    assert len(baseline.discriminant.offsets) == 1
    assert fit_discriminant(np.zeros((5, 4)), np.zeros((5, 4)), [])[0] is None


def test_the_share_told_is_of_strangers_that_the_direction_was_not_made_from() -> None:
    """In many dimensions any few pictures can be told from the rest by heart."""
    random = np.random.default_rng(0)
    own, unseen, same = (random.normal(0, 1, (n, 300)).astype(np.float32) for n in (512, 200, 15))
    _, (told,) = fit_discriminant(own, unseen, [Strangers("same", same)])
    assert told.share < 0.3


def test_what_tells_strangers_is_written_and_read_again(taught: Baseline, tmp_path: Path) -> None:
    path = tmp_path / "b.npz"
    write_baseline(taught, path)
    again = read_baseline(path, SHA256, NUMBERS, SPEC)
    for picture in maps(20, seed=10, shift=3):
        expected = taught.likeness(picture)
        assert again.likeness(picture).score == pytest.approx(expected.score, abs=1e-4)
        assert again.likeness(picture).verdict == expected.verdict


@pytest.mark.parametrize(
    "wrong",
    [
        Discriminant(np.ones((1, 7), np.float32), np.ones(1, np.float32)),
        Discriminant(np.ones((1, NUMBERS), np.float32), np.ones(2, np.float32)),
        Discriminant(np.ones((1, NUMBERS), np.float32), np.full(1, np.nan, np.float32)),
        Discriminant(np.ones((0, NUMBERS), np.float32), np.ones(0, np.float32)),
    ],
)
def test_a_direction_that_does_not_fit_its_model_is_refused(
    wrong: Discriminant, plain: Baseline, tmp_path: Path
) -> None:
    write_baseline(replace(plain, discriminant=wrong), tmp_path / "b.npz")
    with pytest.raises(UnreadableModelError, match="scripts/vistazo setup"):
        read_baseline(tmp_path / "b.npz", SHA256, NUMBERS, SPEC)

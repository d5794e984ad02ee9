from __future__ import annotations

import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import card
from vistazo.answers.baseline_file import baseline_path, read_baseline, write_baseline
from vistazo.answers.discriminant import Discriminant
from vistazo.answers.likeness import Baseline, fit_baseline, preparation
from vistazo.errors import UnreadableModelError

SHA256 = "1" * 64
SHAPE = (4, 4, 8)
NUMBERS = 4 * 4 * 8
SPEC = card().input


def maps(count: int, seed: int, strength: float = 0.1) -> Any:
    """Feature maps whose roots vary along ten directions, and a little along all."""
    numbers = roots(count, seed, strength)
    return (np.sign(numbers) * numbers**2).reshape(count, *SHAPE)


def roots(count: int, seed: int, strength: float = 0.1) -> Any:
    random = np.random.default_rng(0)
    directions = random.normal(0, 1, (10, NUMBERS))
    random = np.random.default_rng(seed)
    rows = random.normal(0, 1, (count, 10)) @ directions
    rows += random.normal(0, strength, (count, NUMBERS))
    return rows.astype(np.float32)


@pytest.fixture(scope="module")
def baseline() -> Baseline:
    return fit_baseline(maps(300, seed=1), maps(200, seed=2), SHA256)


def test_maps_of_the_same_kind_are_within_the_limit(baseline: Baseline) -> None:
    verdicts = [baseline.likeness(one).verdict for one in maps(300, seed=3)]
    assert np.mean(verdicts) > 0.99


def test_maps_of_another_kind_are_beyond_it(baseline: Baseline) -> None:
    likenesses = [baseline.likeness(one) for one in maps(100, seed=4, strength=0.5)]
    assert not any(likeness.verdict for likeness in likenesses)
    assert all(0 <= likeness.score < 0.5 for likeness in likenesses)


def test_the_residual_is_what_the_principal_components_leave_over(baseline: Baseline) -> None:
    """By the definition: the variance that the first 32 singular vectors do not explain."""
    flat = roots(300, seed=1).astype(np.float64)
    _, _, vectors = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    centred = roots(1, seed=5, strength=0.3)[0] - flat.mean(axis=0)
    left_over = np.square(centred).sum() - np.square(vectors[:32] @ centred).sum()
    score = baseline.likeness(maps(1, seed=5, strength=0.3)[0]).score
    assert -np.log2(score) * baseline.limit == pytest.approx(left_over, rel=0.05)


def test_a_picture_is_never_said_to_be_more_alike_the_less_alike_it_is(baseline: Baseline) -> None:
    own, away = maps(1, seed=6)[0], maps(1, seed=7, strength=1)[0]
    scores = [baseline.likeness(own + step * away).score for step in (0, 1, 2, 4, 8)]
    assert scores == sorted(scores, reverse=True)


def test_what_is_written_is_read_again(baseline: Baseline, tmp_path: Path) -> None:
    path = baseline_path(tmp_path / "m.keras")
    assert path.name == "m.baseline.npz"
    write_baseline(baseline, path)
    again = read_baseline(path, SHA256, NUMBERS, SPEC)
    assert again.limit == baseline.limit
    np.testing.assert_array_equal(again.mean, baseline.mean)
    np.testing.assert_allclose(again.components, baseline.components, atol=1e-6)


@pytest.mark.parametrize(
    ("sha256", "numbers", "said"), [("2" * 64, NUMBERS, "other weights"), (SHA256, 7, "not fit")]
)
def test_the_baseline_of_another_model_is_refused(
    sha256: str, numbers: int, said: str, baseline: Baseline, tmp_path: Path
) -> None:
    write_baseline(baseline, tmp_path / "b.npz")
    with pytest.raises(UnreadableModelError, match=said):
        read_baseline(tmp_path / "b.npz", sha256, numbers, SPEC)


def test_a_baseline_of_a_few_kilobytes_cannot_take_a_gigabyte(
    baseline: Baseline, tmp_path: Path
) -> None:
    path, bomb = tmp_path / "b.npz", np.broadcast_to(np.zeros(1, np.int8), (32, 100_000))
    np.savez_compressed(path, components=bomb)
    assert path.stat().st_size < 20_000
    with pytest.raises(UnreadableModelError, match="unpacks to 3 MB"):
        read_baseline(path, SHA256, NUMBERS, SPEC)
    header = b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (%d,), }"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mean.npy", (header % 10**13).ljust(127) + b"\n")
    with pytest.raises(UnreadableModelError, match="damaged"):
        read_baseline(path, SHA256, NUMBERS, SPEC)


def test_the_baseline_of_pictures_that_were_prepared_otherwise_is_refused(
    baseline: Baseline, tmp_path: Path
) -> None:
    path, raw = tmp_path / "b.npz", SPEC.model_copy(update={"scale": "none"})
    write_baseline(replace(baseline, prepared=preparation(raw)), path)
    with pytest.raises(UnreadableModelError, match="prepared otherwise"):
        read_baseline(path, SHA256, NUMBERS, SPEC)
    kinder = raw.model_copy(update={"filter": "bicubic", "min_side_px": 1})
    assert read_baseline(path, SHA256, NUMBERS, kinder).limit == baseline.limit


@settings(deadline=None)
@given(cut=st.integers(0, 3000), junk=st.binary(max_size=50))
def test_a_damaged_file_is_an_error_in_words(
    cut: int, junk: bytes, tmp_path_factory: pytest.TempPathFactory, baseline: Baseline
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "b.npz"
    write_baseline(baseline, path)
    path.write_bytes(path.read_bytes()[:cut] + junk)
    with pytest.raises(UnreadableModelError, match="scripts/vistazo setup"):
        read_baseline(path, SHA256, NUMBERS, SPEC)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 1e38])
def test_a_map_that_holds_no_usable_number_looks_like_nothing(
    baseline: Baseline, number: float
) -> None:
    strange = maps(1, seed=7)[0].astype(np.float32)
    strange[0, 0, 0] = number
    for check in (baseline, replace(baseline, discriminant=_idle(baseline))):
        told = check.likeness(strange)
        assert not told.verdict
        assert 0 <= told.score < 0.5


def _idle(baseline: Baseline) -> Discriminant:
    return Discriminant(np.zeros((1, len(baseline.mean)), np.float32), np.zeros(1, np.float32))


def test_where_the_components_rebuild_everything_own_maps_are_still_own() -> None:
    """Even pictures: what one look and many looks leave over differs by rounding alone."""
    levels = np.random.default_rng(0).random((80, 1, 1, 1), dtype=np.float32)
    even = np.broadcast_to(levels, (80, *SHAPE)).copy()
    made = fit_baseline(even[:60], even[60:], SHA256)
    assert all(made.likeness(each).verdict for each in even)
    assert not made.likeness(maps(1, seed=3)[0].astype(np.float32)).verdict


def test_one_picture_takes_no_more_than_its_own_thread() -> None:
    """A matrix library would wake threads of its own, and take a hundred times as long for it."""
    random = np.random.default_rng(0)
    components = random.normal(0, 0.01, (32, 20_736)).astype(np.float32)
    told = Discriminant(components[:2], np.zeros(2, np.float32))
    baseline = Baseline(components[0], components, 1.0, "", discriminant=told)
    features = random.normal(0, 1, (6, 6, 576)).astype(np.float32)
    baseline.likeness(features)
    time.sleep(0.2)  # what the first one, and other tests, have woken goes to rest
    before_s = time.process_time() - time.thread_time()
    started_s = time.thread_time()
    for _ in range(100):
        baseline.likeness(features)
    elsewhere_s = time.process_time() - time.thread_time() - before_s
    assert elsewhere_s < 0.3 * (time.thread_time() - started_s)

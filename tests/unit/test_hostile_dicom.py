"""DICOM files that are made to cost much or to mislead: each is a picture, or refused in words."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from dicom_files import CASES, OTHERS
from hostile_dicom import ATTACKS, ODD
from hostile_uploads.dicom_mutations import mutated_dicom
from vistazo.errors import InputError, RejectedUploadError
from vistazo.pictures import ImageLimits, open_image

LIMITS = ImageLimits(max_pixels=16_000_000)
MB = 1_000_000
MOST_WORDS = 600
# To make these takes longer than to refuse them; of fewer bytes they are bombs all the same.
BOMBS = ("deflated zeros", "deflated pixels", "deflated elements", "deflated sequences")
# As large as a picture may be, and wholly decoded: it costs what such a picture costs.
WHOLE = "jpeg lossless without data, as large as may be"


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """Libraries are loaded once, and are no part of what a file costs."""
    for case in ("jpeg lossless, 8 bits", "jpeg-ls, 8 bits", "jpeg 2000, 8 bits", "rgb"):
        outcome(CASES[case])


def outcome(make: Callable[[], bytes]) -> str:
    """Any other error than one that says what is wrong with the file is the service's own."""
    try:
        pixels = open_image(make(), LIMITS).decode((224, 224)).pixels
    except InputError as error:
        return f"{error.code}: {error}"
    assert pixels.dtype == np.uint8 or np.isfinite(pixels).all()
    return "a picture"


def attack(name: str, n_bytes: int) -> bytes:
    return ATTACKS[name](n_bytes // 100 if name in BOMBS else n_bytes)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_hostile_dicom_file_costs_little_time(name: str) -> None:
    data = attack(name, MB // 2)
    started = time.process_time()
    outcome(lambda: data)
    # A twentieth of what may be sent, and a quarter of the two seconds that it may take.
    assert time.process_time() - started < (2 if name == WHOLE else 1)


@pytest.mark.longer
@pytest.mark.parametrize("name", [name for name in ATTACKS if name != WHOLE])
def test_a_hostile_dicom_file_takes_little_memory(name: str) -> None:
    data = attack(name, MB // 8)
    tracemalloc.start()
    outcome(lambda: data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # What stands before pixels that are deflated is inflated at once, up to 8 MB.
    assert peak < (20 if name in BOMBS else 12) * MB


def test_odd_values_are_a_picture_or_a_refusal_in_words() -> None:
    outcomes = {name: outcome(make) for name, make in ODD.items()}
    assert {name: words for name, words in outcomes.items() if len(words) > MOST_WORDS} == {}
    shown = sum(words == "a picture" for words in outcomes.values())
    assert shown > len(ODD) // 2, "what no reader minds is shown"


def test_what_is_no_x_ray_is_refused_by_the_name_of_a_rule() -> None:
    no_pictures = ("structured report", "encapsulated pdf", "dicomdir", "presentation state")
    for name in (*no_pictures, "rt plan", "waveform", "video", "float pixels", "no pixels"):
        with pytest.raises(RejectedUploadError) as caught:
            open_image(OTHERS[name](), LIMITS)
        (broken,) = caught.value.broken
        assert broken.rule in ("sop_class", "transfer_syntax", "pixel_data"), name


def test_a_header_that_lies_about_its_rows_costs_nothing() -> None:
    for name in ("65,535 x 65,535", "65,535 x 65,535 of one bit", "65,535 x 65,535 of 32 bits"):
        with pytest.raises(InputError):
            open_image(ATTACKS[name](0), LIMITS)


def test_damaged_dicom_files_are_pictures_or_input_errors() -> None:
    outcomes = [outcome(lambda seed=seed: damaged(seed)) for seed in range(150)]
    assert 10 <= outcomes.count("a picture") <= 120


def damaged(seed: int) -> bytes:
    return mutated_dicom(random.Random(seed))  # noqa: S311


def test_a_damaged_dicom_file_is_the_same_every_time() -> None:
    assert [damaged(seed) for seed in range(20)] == [damaged(seed) for seed in range(20)]

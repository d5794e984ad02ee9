"""A few of the uploads that scripts/measure_hostile_uploads.py sends by thousands."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from hostile_uploads import hostile_picture, hostile_request
from hostile_uploads.jpeg_grammar import jpeg_by_grammar
from hostile_uploads.mutations import mutated_picture
from hostile_uploads.png_grammar import png_by_grammar
from vistazo.errors import InputError
from vistazo.pictures import ImageLimits, open_image


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311


def is_decoded(data: bytes) -> bool:
    """Any other error than one that says what is wrong with the picture is the service's own."""
    try:
        open_image(data, ImageLimits()).decode((112, 112))
    except InputError:
        return False
    return True


@pytest.mark.parametrize("make", [mutated_picture, jpeg_by_grammar, png_by_grammar])
def test_a_hostile_picture_is_a_picture_or_an_input_error(
    make: Callable[[random.Random], bytes],
) -> None:
    outcomes = [is_decoded(make(chance(seed))) for seed in range(25)]
    # What never gets as far as a decoder tests nothing but the look before it.
    assert 2 <= sum(outcomes) <= 23


def test_an_upload_is_the_same_every_time() -> None:
    assert [hostile_request(seed) for seed in range(9)] == [hostile_request(s) for s in range(9)]
    first, again = (hostile_picture(chance(4)) for _ in range(2))
    assert first == again

"""Pictures drawn by code, which recipes train on."""

from __future__ import annotations

import numpy as np
import pytest

from vistazo.training.drawn.parts import SIDE_PX, draw_part
from vistazo.training.drawn.relief import OTHER_LIGHT


@pytest.mark.parametrize("is_sound", [True, False])
def test_a_part_of_the_same_number_is_drawn_the_same(*, is_sound: bool) -> None:
    first, again, other = (draw_part(seed, is_sound=is_sound) for seed in (7, 7, 8))
    assert first.tobytes() == again.tobytes() != other.tobytes()
    assert (first.mode, first.size) == ("L", (SIDE_PX, SIDE_PX))


def test_another_light_leaves_the_part_and_changes_the_picture() -> None:
    usual, other = (
        np.asarray(draw_part(7, is_sound=False, **light)) for light in ({}, {"light": OTHER_LIGHT})
    )
    assert other.mean() < usual.mean() - 20

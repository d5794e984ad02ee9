"""Examples of what a model was not made for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from builders import card, encoded, film, flat
from vistazo.errors import SettingsError
from vistazo.training.config import BaselineConfig
from vistazo.training.unlike import in_folder, upside_down

SPEC = card().input


def test_own_pictures_upside_down_are_turned_or_flipped() -> None:
    own = np.arange(24, dtype=np.float32).reshape(2, 3, 4, 1)
    made = upside_down(lambda row: own[row], np.array([1, 0]))
    assert made.count == 2
    np.testing.assert_array_equal(made.prepare(0), own[1, ::-1])
    np.testing.assert_array_equal(made.prepare(1), own[0, ::-1, ::-1])


def test_every_picture_below_a_folder_is_an_example(tmp_path: Path) -> None:
    for number in range(11):
        place = tmp_path / f"{number % 3}"
        place.mkdir(exist_ok=True)
        (place / f"{number}.png").write_bytes(encoded(flat(number)))
    (tmp_path / "0" / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_bytes(encoded(film()))
    found = in_folder("adults", tmp_path, SPEC)
    assert found.count == 11
    assert found.prepare(10).shape == (SPEC.height, SPEC.width, SPEC.channels)


def test_too_few_examples_or_no_folder_are_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(encoded(film()))
    with pytest.raises(SettingsError, match=r"holds 1 pictures: 10 are needed"):
        in_folder("adults", tmp_path, SPEC)
    with pytest.raises(SettingsError, match="There is no folder"):
        in_folder("adults", tmp_path / "nowhere", SPEC)


def test_folders_of_examples_lie_where_the_training_file_lies(tmp_path: Path) -> None:
    given = BaselineConfig(unlike={"adults": Path("../adults")})
    assert given.under(tmp_path / "model").unlike == {"adults": tmp_path / "adults"}

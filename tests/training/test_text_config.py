"""The recipe of a model of texts, and the texts that it names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vistazo.errors import SettingsError
from vistazo.training.belonging import join_groups
from vistazo.training.config import task_of
from vistazo.training.labelled_texts import Columns, LabelledTexts, group_key, read_texts
from vistazo.training.tables import Table
from vistazo.training.text_config import read_text_config

REPOSITORY = Path(__file__).parents[2]
MINIMAL = """
task: text
name: news
labels: [fake, real]
data: {file: train.csv, text: [text], label: label}
"""
NAMES = ("headline", "text", "label", "source", "link")
COLUMNS = Columns(("headline", "text"), "label", ("source", "link"))


def _write(folder: Path, text: str) -> Path:
    path = folder / "training.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _read(*rows: tuple[str, ...]) -> LabelledTexts:
    return read_texts([Table("table", NAMES, rows)], COLUMNS, ("fake", "real"))


def test_the_recipe_of_the_news_model_is_one_of_texts() -> None:
    recipe = REPOSITORY / "artifacts" / "news" / "training.yaml"
    assert task_of(recipe) == "text"
    assert read_text_config(recipe).labels == ("Fake", "True")


def test_tables_are_sought_from_the_config_file_or_in_a_folder_given_by_hand(
    tmp_path: Path,
) -> None:
    config = _write(tmp_path, MINIMAL)
    assert read_text_config(config).data.file == tmp_path / "train.csv"
    assert read_text_config(config, tmp_path / "b").data.file == tmp_path / "b" / "train.csv"


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("folds: 1", "folds"),
        ("positive: good", "positive"),
        ("vectorizer: {token_pattern: '('}", "token_pattern"),
        ("network: {width: 3}", "network"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, line: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read_text_config(_write(tmp_path, MINIMAL + line))


def test_a_paper_is_one_group_by_its_name_or_by_its_host() -> None:
    texts = _read(
        ("A", "a", "fake", "El País", "https://elpais.com/a"),
        ("B", "b", "real", "EL PAIS", "https://other.com/b"),
        ("C", "c", "real", "Another", "http://www.other.com/c"),
        ("D", "d", "real", "Third", "https://third.com"),
    )
    assert texts.groups.tolist() == [0, 0, 0, 1]
    assert texts.labels.tolist() == [0, 1, 1, 1]
    assert texts.texts[0] == "A\na"


def test_a_text_that_comes_again_is_left_out_and_does_not_join_two_papers() -> None:
    texts = _read(
        ("A", "a", "fake", "one", ""), ("A", "a", "fake", "two", ""), ("B", "b", "fake", "two", "")
    )
    assert texts.texts == ("A\na", "B\nb")
    assert texts.groups.tolist() == [0, 1]


def test_texts_without_a_group_stand_alone() -> None:
    texts = _read(("A", "a", "fake", "", ""), ("B", "b", "fake", "", ""))
    assert texts.groups.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("A", "a", "false", "", ""), "'false'"),
        (("", "", "fake", "", ""), "empty"),
    ],
)
def test_a_row_that_cannot_be_learned_from_is_told(row: tuple[str, ...], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        _read(("B", "b", "real", "", ""), row)


def test_a_column_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(SettingsError, match="'headline', only text"):
        read_texts([Table("table", ("text",), (("a",),))], COLUMNS, ("fake", "real"))


def test_rows_are_joined_however_long_the_chain() -> None:
    assert join_groups([["a"], ["b", "c"], ["c", "d"], ["d", "a"], ["e"]]).tolist() == [
        0,
        0,
        0,
        0,
        1,
    ]


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        ("Él  PAÍS.", "elpais"),
        ("https://www.a.mx/x?y", "a.mx"),
        ("", ""),
        ("HTTP://A.mx", "a.mx"),
        ("http://[x", "[x"),
    ],
)
def test_a_group_is_known_by_its_letters_or_its_host(cell: str, key: str) -> None:
    assert group_key(cell) == key


def test_the_hash_of_texts_does_not_depend_on_their_order() -> None:
    rows = [("A", "a", "fake", "", ""), ("B", "b", "real", "", "")]
    assert _read(*rows).sha256 == _read(*rows[::-1]).sha256
    assert _read(*rows).of(np.array([0])).sha256 != _read(*rows).sha256

import codecs
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vistazo.errors import CardError, UnsupportedModelError
from vistazo.models.labels import MAX_BYTES, NAMES, labels_beside, read_labels

names = st.sampled_from(NAMES)
TWO = ("NORMAL", "PNEUMONIA")


def written(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_bytes((content if isinstance(content, str) else json.dumps(content)).encode())
    return path


def beside(folder: Path, name: str, content: object) -> tuple[str, ...]:
    written(folder, name, content)
    found = labels_beside(folder / "my_model.h5")
    assert found is not None
    return found.labels


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.txt", "NORMAL\nPNEUMONIA\n"),
        ("labels.txt", "0 NORMAL\n1 PNEUMONIA"),
        ("labels.txt", "1 PNEUMONIA\n0 NORMAL\n"),
        ("labels.txt", "0: NORMAL\r\n1: PNEUMONIA\r\n\r\n  \r\n"),
        ("labels.txt", "0,NORMAL\n1,PNEUMONIA"),
        ("labels.txt", "0\tNORMAL\r1\tPNEUMONIA"),
        ("labels.txt", codecs.BOM_UTF8 + b"NORMAL\nPNEUMONIA"),
        ("labels.txt", "NORMAL\nPNEUMONIA\n".encode("utf-16")),
        ("class_names.txt", "  NORMAL  \nPNEUMONIA\n\n\n"),
        ("class_names.json", ["NORMAL", "PNEUMONIA"]),
        ("class_indices.json", {"NORMAL": 0, "PNEUMONIA": 1}),
        ("class_indices.json", {"PNEUMONIA": 1, "NORMAL": 0}),
        ("class_indices.json", {"1": "PNEUMONIA", "0": "NORMAL"}),
        ("labels.json", {"0": "NORMAL", "1": "PNEUMONIA"}),
        ("labels.json", codecs.BOM_UTF8 + b'["NORMAL", "PNEUMONIA"]'),
        ("my_model.labels.txt", "NORMAL\nPNEUMONIA"),
        ("my_model_class_indices.json", {"NORMAL": 0, "PNEUMONIA": 1}),
    ],
)
def test_labels_are_read_in_the_order_of_the_outputs(
    name: str, content: object, tmp_path: Path
) -> None:
    assert beside(tmp_path, name, content) == TWO


_OF_PICTURES = {"packageName": "@teachablemachine/image", "labels": TWO, "imageSize": 224}


def of_a_browser(folder: Path, metadata: object) -> tuple[str, ...] | None:
    written(folder, "metadata.json", metadata)
    found = labels_beside(folder / "model.json")
    return found.labels if found is not None else None


def test_metadata_of_teachable_machine_names_the_labels_of_a_model_for_the_browser(
    tmp_path: Path,
) -> None:
    assert of_a_browser(tmp_path, _OF_PICTURES) == TWO
    assert labels_beside(tmp_path / "my_model.h5") is None
    written(tmp_path, "labels.txt", "PNEUMONIA\nNORMAL")
    with pytest.raises(CardError, match=r"(?s)labels\.txt.*metadata\.json.*Delete"):
        of_a_browser(tmp_path, _OF_PICTURES)


@pytest.mark.parametrize(
    "metadata",
    [
        {"labels": TWO},
        {"packageName": "other", "labels": TWO},
        {"packageName": ["@teachablemachine/image"], "labels": TWO},
        {"packageName": "@teachablemachine/image", "labels": "NORMAL"},
        [_OF_PICTURES],
        "no JSON",
        "[" * 100_000,
        b"\xff\xfe\x00",
        b" " * 1_000_001,
    ],
)
def test_metadata_of_others_says_nothing_of_labels(metadata: object, tmp_path: Path) -> None:
    assert of_a_browser(tmp_path, metadata) is None


@pytest.mark.parametrize("labels", [["A", "A"], ["A", ""], [], ["A", 1], ["A", "\x1b[31mB"]])
def test_labels_of_teachable_machine_that_are_none_are_an_error(
    labels: object, tmp_path: Path
) -> None:
    with pytest.raises(CardError, match=r"metadata\.json"):
        of_a_browser(tmp_path, _OF_PICTURES | {"labels": labels})


@pytest.mark.parametrize(
    ("metadata", "what"),
    [
        ({"packageName": "@teachablemachine/pose", "labels": TWO}, "poses"),
        ({"tfjsSpeechCommandsVersion": "0.4.0", "wordLabels": TWO}, "sounds"),
    ],
)
def test_a_model_of_poses_or_of_sounds_takes_no_picture(
    metadata: object, what: str, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedModelError, match=f"{what}.*takes no picture"):
        of_a_browser(tmp_path, metadata)


def test_letters_beyond_ascii_and_spaces_inside_are_part_of_a_label(tmp_path: Path) -> None:
    assert beside(tmp_path, "labels.txt", "0 neumonía bacteriana\n1 Größe, 2 cm") == (
        "neumonía bacteriana",
        "Größe, 2 cm",
    )


def test_a_number_that_not_every_line_begins_with_is_part_of_the_label(tmp_path: Path) -> None:
    assert beside(tmp_path, "labels.txt", "0 stars\nmany stars") == ("0 stars", "many stars")
    assert beside(tmp_path, "labels.txt", "3D scan\n2D scan") == ("3D scan", "2D scan")
    assert beside(tmp_path, "labels.txt", "0\n1\n2") == ("0", "1", "2")
    assert beside(tmp_path, "labels.txt", "Class 1\nClass 2") == ("Class 1", "Class 2")


def test_digits_that_are_themselves_the_labels_keep_their_places(tmp_path: Path) -> None:
    assert beside(tmp_path, "class_indices.json", {"7": 0, "3": 1}) == ("7", "3")
    assert beside(tmp_path, "class_indices.json", {"0": "7", "1": "3"}) == ("7", "3")


def test_a_file_named_after_the_model_wins(tmp_path: Path) -> None:
    written(tmp_path, "labels.txt", "A\nB")
    assert beside(tmp_path, "my_model.labels.txt", "NORMAL\nPNEUMONIA") == TWO


def test_files_of_another_model_do_not_count(tmp_path: Path) -> None:
    written(tmp_path, "other.labels.txt", "A\nB")
    assert labels_beside(tmp_path / "my_model.h5") is None


def test_two_files_that_agree_are_no_trouble_and_two_that_disagree_are_both_named(
    tmp_path: Path,
) -> None:
    written(tmp_path, "labels.txt", "NORMAL\nPNEUMONIA")
    assert beside(tmp_path, "class_indices.json", {"NORMAL": 0, "PNEUMONIA": 1}) == TWO
    with pytest.raises(CardError, match=r"(?s)labels\.txt.*NORMAL.*class_indices\.json.*Delete"):
        beside(tmp_path, "class_indices.json", {"NORMAL": 1, "PNEUMONIA": 0})


ATTACKS: dict[str, tuple[str, Any, str]] = {
    "empty": ("labels.txt", "", "is empty"),
    "blank": ("labels.txt", " \n\n", "is empty"),
    "empty line": ("labels.txt", "NORMAL\n\nPNEUMONIA", "label 2 is empty"),
    "empty first line": ("labels.txt", "\nNORMAL\nPNEUMONIA", "label 1 is empty"),
    "twice": ("labels.txt", "A\nB\nA", "'A' twice"),
    "twice behind numbers": ("labels.txt", "0 star\n1 star", "'star' twice"),
    "latin-1": ("labels.txt", "neumonía\nsano".encode("latin-1"), "UTF-8"),
    "utf-16 without a mark": ("labels.txt", "A\nB".encode("utf-16-le"), "control characters"),
    "utf-32": ("labels.txt", "A\nB".encode("utf-32"), "control characters"),
    "half a utf-16": ("labels.txt", codecs.BOM_UTF16_LE + b"A", "UTF-8"),
    "terminal escapes": ("labels.txt", "A\n\x1b[31mB", "control characters"),
    "huge": ("labels.txt", "A\n" * (MAX_BYTES // 2 + 1), "larger than"),
    "a long line": ("labels.txt", "A" * 300 + "\nB", "longer than 200"),
    "from 1": ("labels.txt", "1 NORMAL\n2 PNEUMONIA", "from 0 to 1"),
    "a gap": ("labels.txt", "0 A\n2 B\n3 C", "from 0 to 2"),
    "a place twice": ("labels.txt", "0 A\n0 B", "from 0 to 1"),
    "values, not places": ("labels.txt", "5 euro\n10 euro", "JSON list"),
    "places last": ("labels.txt", "PNEUMONIA,1\nNORMAL,0", "write them first"),
    "no JSON": ("labels.json", "NORMAL\nPNEUMONIA", "not valid JSON"),
    "deep JSON": ("labels.json", "[" * 100_000, "not valid JSON"),
    "a number": ("labels.json", "2", "holds no labels"),
    "no texts": ("labels.json", [0, 1], "holds no labels"),
    "true for 1": ("class_indices.json", {"A": False, "B": True}, "holds no labels"),
    "mixed": ("class_indices.json", {"A": 0, "1": "B"}, "holds no labels"),
    "a gap in JSON": ("class_indices.json", {"A": 0, "B": 2}, "from 0 to 1"),
    "negative": ("class_indices.json", {"A": 0, "B": -1}, "from 0 to 1"),
    "a key twice": ("class_indices.json", '{"A": 0, "A": 1, "B": 1}', "same name twice"),
    "ImageNet's own": ("labels.json", {"0": ["n01440764", "tench"]}, "holds no labels"),
    "empty JSON list": ("labels.json", [], "is empty"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_cannot_be_read_in_one_way_is_an_error_that_names_the_file(
    attack: str, tmp_path: Path
) -> None:
    name, content, said = ATTACKS[attack]
    path = written(tmp_path, name, content)
    with pytest.raises(CardError, match=f"(?s){name}.*{said}"):
        read_labels(path)


@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode), name=names)
def test_any_bytes_are_labels_that_a_card_may_have_or_an_error_in_words(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    path = written(tmp_path_factory.getbasetemp(), name, content)
    try:
        labels = read_labels(path)
    except CardError:
        return
    assert 1 <= len(labels) == len(set(labels))
    assert all(label == label.strip() and 0 < len(label) <= 200 for label in labels)


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_that_name_is_an_error(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(CardError, match="folder"):
        labels_beside(tmp_path / "my_model.h5")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_of_that_name_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "labels.txt")
    with pytest.raises(CardError, match="not a file"):
        labels_beside(tmp_path / "my_model.h5")

"""Folders that a model is judged on: what is taken of them, what is left out, what is said."""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from training.labelled_pictures import tiny_config, write_collection
from vistazo.errors import SettingsError
from vistazo.training.config import TrainingConfig, read_config
from vistazo.training.datasets import load_pictures
from vistazo.training.other import OtherPictures, find_other, read_other
from vistazo.training.progress import Progress

GROUP = r"([a-z]+-\d+)"


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For each label three groups of two: ``CLEAR/clear-000-0.png``. To be looked at only."""
    return write_collection(tmp_path_factory.mktemp("training") / "pictures", groups=3)


def _config(training: Path, folder: Path, **entry: object) -> TrainingConfig:
    other = {"elsewhere": {"folder": folder, **entry}}
    return tiny_config(training, data={"folder": training, "group": GROUP, "other": other})


def _noise(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed + 100).integers(0, 255, (40, 40), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def _labelled(folder: Path, each: int = 2) -> Path:
    for label, name in enumerate(("CLEAR", "SHADOW")):
        for picture in range(each):
            _noise(folder / name / f"{picture}.png", 10 * label + picture)
    return folder


def _read(config: TrainingConfig) -> tuple[OtherPictures, str]:
    said = io.StringIO()
    progress = Progress(stream=said)
    (other,) = read_other(config, find_other(config), load_pictures(config), progress)
    return other, said.getvalue()


def test_a_folder_of_the_labels_is_read_with_its_labels(training: Path, tmp_path: Path) -> None:
    told: dict[str, object] = {"title": {"es": "Otro"}, "note": "Far."}
    other, said = _read(_config(training, _labelled(tmp_path / "other"), **told))
    assert other.labels.tolist() == [0, 0, 1, 1]
    assert other.pixels.shape == (4, 16, 16, 1)
    assert len(set(other.groups.tolist())) == 4
    assert other.told() == told
    assert said == "elsewhere: 4 pictures to judge on\n"


@pytest.mark.parametrize("inner", ["", "ward/deep"])
def test_pictures_in_folders_of_no_label_are_read_without_labels(
    inner: str, training: Path, tmp_path: Path
) -> None:
    _noise(tmp_path / "other" / inner / "one.png", 1)
    _noise(tmp_path / "other" / inner / "two.png", 2)
    _noise(tmp_path / "other" / ".ipynb_checkpoints" / "one.png", 3)
    other, said = _read(_config(training, tmp_path / "other"))
    assert not other.is_labelled
    assert len(other.pictures) == 2
    assert "2 pictures to judge on, without labels" in said


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        ((), "There is no folder"),
        (("",), "holds no files"),
        (("CLEAR",), "no folder for the label: SHADOW"),
        (("clear", "shadow"), "no label of the model: clear"),
        (("CLEAR", "SHADOW", "third"), "no label of the model: third"),
    ],
)
def test_a_folder_that_cannot_be_used_is_told_with_its_entry_and_what_to_do(
    folders: tuple[str, ...], said: str, training: Path, tmp_path: Path
) -> None:
    for folder in folders:
        (tmp_path / "other" / folder).mkdir(parents=True)
        if folder:
            _noise(tmp_path / "other" / folder / "one.png", 1)
    with pytest.raises(SettingsError) as told:
        find_other(_config(training, tmp_path / "other"))
    assert said in str(told.value)
    assert "data.other.elsewhere" in str(told.value)
    assert "Correct the entry, or remove it" in str(told.value)


@pytest.mark.parametrize("is_stored_anew", [False, True])
def test_a_training_picture_under_another_name_is_left_out_counted_and_told(
    training: Path, tmp_path: Path, *, is_stored_anew: bool
) -> None:
    folder, leak = _labelled(tmp_path / "other"), training / "CLEAR" / "clear-001-0.png"
    if is_stored_anew:
        with Image.open(leak) as picture:
            picture.save(folder / "SHADOW" / "new.png", compress_level=0)
    else:
        shutil.copy(leak, folder / "SHADOW" / "new.png")
    other, said = _read(_config(training, folder))
    assert len(other.pictures) == 4
    assert other.told() == {"left_out_also_in_training_data": 1}
    assert "1 left out, as the same pictures are in the training data (SHADOW/new.png)" in said


def test_a_picture_of_a_group_of_training_is_left_out_unless_the_folder_numbers_its_own(
    training: Path, tmp_path: Path
) -> None:
    folder = _labelled(tmp_path / "other")
    _noise(folder / "CLEAR" / "clear-002-9.png", 50)
    shutil.copy(training / "SHADOW" / "shadow-000-0.png", folder / "SHADOW" / "x.png")
    other, said = _read(_config(training, folder))
    assert other.left_out == 2
    assert "1 left out, as their groups are in the training data (clear-002)" in said
    assert "write data.other.elsewhere.group" in said
    other, said = _read(_config(training, folder, group=GROUP))
    assert other.left_out == 1
    assert "were not sought in the training data" in said


def test_file_names_that_happen_to_be_the_same_are_no_leak(training: Path, tmp_path: Path) -> None:
    folder = _labelled(tmp_path / "other")
    _noise(folder / "CLEAR" / "clear-002-1.png", 50)
    other = {"elsewhere": {"folder": folder}}
    read, _ = _read(tiny_config(training, data={"folder": training, "other": other}))
    assert read.left_out == 0


def test_the_training_folder_itself_leaves_nothing_to_judge_on(training: Path) -> None:
    with pytest.raises(SettingsError, match=r"elsewhere.*\s.*None of the 12 pictures is left"):
        _read(_config(training, training))


def test_a_picture_that_cannot_be_read_is_told_and_kept_apart(
    training: Path, tmp_path: Path
) -> None:
    folder = _labelled(tmp_path / "other")
    (folder / "CLEAR" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    other, said = _read(_config(training, folder))
    assert "elsewhere: CLEAR/0.png cannot be read" in said
    assert (len(other.pictures), other.readable.tolist()) == (4, [1, 2, 3])
    assert len(other.pixels) == 3


def test_a_folder_without_any_readable_picture_is_an_error(training: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("no picture")
    with pytest.raises(SettingsError, match="None of the 1 pictures is left to judge on"):
        _read(_config(training, tmp_path / "other"))


@pytest.mark.parametrize("name", ["Adults", "two words", "", "holdout", "seed", "a" * 61])
def test_a_name_that_is_taken_or_no_name_is_refused(
    name: str, training: Path, tmp_path: Path
) -> None:
    path = tmp_path / "training.yaml"
    data: Mapping[str, Any] = {"folder": "x", "other": {name: {"folder": "y"}}}
    document = tiny_config(training).model_dump(mode="json", exclude={"data"}) | {"data": data}
    path.write_text(repr(document).replace("True", "true").replace("None", "null"))
    with pytest.raises(SettingsError, match=r"data\.other"):
        read_config(path)


def test_folders_are_sought_from_the_training_file_whatever_takes_the_place_of_its_data(
    tmp_path: Path,
) -> None:
    (tmp_path / "training.yaml").write_text(
        "name: a\nlabels: [b, c]\n"
        "data: {folder: x, other: {adults: {folder: ../adults, note: Of adults.}}}\n"
        "input: {height: 32, width: 32, colour: grey, scale: 1/255}\n"
    )
    config = read_config(tmp_path / "training.yaml", tmp_path / "elsewhere")
    assert config.data.other["adults"].folder == tmp_path.parent / "adults"


def test_other_folders_decide_no_weight(training: Path, tmp_path: Path) -> None:
    config = _config(training, tmp_path / "nowhere")
    assert config.recipe_sha256 == tiny_config(training).recipe_sha256

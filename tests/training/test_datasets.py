from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.labelled_pictures import LABELS, tiny_config, write_collection
from vistazo.errors import InputError, SettingsError
from vistazo.pictures import ImageLimits, open_image
from vistazo.pictures.preprocessing import prepare
from vistazo.training.config import SplitConfig, TrainingConfig
from vistazo.training.datasets import load_pictures
from vistazo.training.splits import split_by_group


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_collection(tmp_path / "pictures")


def test_pictures_are_prepared_as_serving_prepares_them(folder: Path) -> None:
    config = tiny_config(folder)
    pictures = load_pictures(config)
    data = (folder / pictures.names[0]).read_bytes()
    served = prepare(open_image(data, ImageLimits()).decode(at_least=(16, 16)), config.input)
    np.testing.assert_array_equal(pictures.pixels[0] / np.float32(255), served)


def test_labels_are_those_of_the_folders_in_the_order_of_the_config(folder: Path) -> None:
    pictures = load_pictures(tiny_config(folder))
    for name, label in zip(pictures.names, pictures.labels, strict=True):
        assert name.startswith(LABELS[label])


def test_pictures_of_one_group_share_a_number(folder: Path) -> None:
    pictures = load_pictures(tiny_config(folder))
    keys = [name.rsplit("-", 1)[0] for name in pictures.names]
    assert len(set(zip(keys, pictures.groups.tolist(), strict=True))) == len(set(keys)) == 24


def test_copies_of_a_picture_join_their_groups(folder: Path) -> None:
    # Another file format: the pixels are the same, the bytes are not.
    picture = Image.open(folder / "CLEAR" / "clear-000-0.png")
    picture.save(folder / "CLEAR" / "clear-001-9.png", compress_level=1)
    pictures = load_pictures(tiny_config(folder))
    number = dict(zip(pictures.names, pictures.groups.tolist(), strict=True))
    assert number["CLEAR/clear-000-1.png"] == number["CLEAR/clear-001-0.png"]
    assert number["CLEAR/clear-000-1.png"] != number["CLEAR/clear-002-0.png"]


def test_without_a_pattern_every_file_is_its_own_group(folder: Path) -> None:
    config = tiny_config(folder, data={"folder": folder})
    assert len(set(load_pictures(config).groups.tolist())) == 48


def test_the_data_hash_is_the_same_elsewhere_and_changes_with_one_picture(
    folder: Path, tmp_path: Path
) -> None:
    before = load_pictures(tiny_config(folder)).sha256
    shutil.copytree(folder, tmp_path / "copy")
    assert load_pictures(tiny_config(tmp_path / "copy")).sha256 == before
    path = folder / "CLEAR" / "clear-000-0.png"
    shutil.copy(folder / "CLEAR" / "clear-000-1.png", path)
    assert load_pictures(tiny_config(folder)).sha256 != before


def test_the_data_hash_changes_when_a_picture_changes_its_label(folder: Path) -> None:
    before = load_pictures(tiny_config(folder)).sha256
    (folder / "CLEAR" / "clear-000-0.png").rename(folder / "SHADOW" / "clear-000-0.png")
    assert load_pictures(tiny_config(folder)).sha256 != before


def test_a_damaged_picture_is_named(folder: Path) -> None:
    path = folder / "SHADOW" / "shadow-000-0.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(InputError, match="SHADOW/shadow-000-0"):
        load_pictures(tiny_config(folder))


def test_a_label_without_a_folder_is_named(folder: Path) -> None:
    with pytest.raises(SettingsError, match="OTHER"):
        load_pictures(tiny_config(folder, labels=(*LABELS, "OTHER"), positive=None))


def test_a_folder_without_images_is_named(folder: Path) -> None:
    (folder / "OTHER").mkdir()
    with pytest.raises(SettingsError, match="OTHER"):
        load_pictures(tiny_config(folder, labels=(*LABELS, "OTHER"), positive=None))


def test_data_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        load_pictures(tiny_config(tmp_path / "nowhere"))


def _medmnist(path: Path, **changes: np.ndarray) -> TrainingConfig:
    random = np.random.default_rng(1)
    arrays = {
        "train_images": random.integers(0, 255, (6, 28, 28), dtype=np.uint8),
        "train_labels": np.array([[0], [1], [0], [1], [0], [1]]),
        "val_images": random.integers(0, 255, (2, 28, 28), dtype=np.uint8),
        "val_labels": np.array([[0], [1]]),
    }
    np.savez(path, **(arrays | changes))
    return tiny_config(path, data={"folder": path})


def test_a_medmnist_file_is_read(tmp_path: Path) -> None:
    pictures = load_pictures(_medmnist(tmp_path / "pictures.npz"))
    assert pictures.pixels.shape == (8, 16, 16, 1)
    assert pictures.labels.tolist() == [0, 1, 0, 1, 0, 1, 0, 1]


def test_a_medmnist_label_beyond_the_config_is_refused(tmp_path: Path) -> None:
    config = _medmnist(tmp_path / "pictures.npz", val_labels=np.array([[0], [2]]))
    with pytest.raises(SettingsError, match="labels beyond"):
        load_pictures(config)


@pytest.mark.parametrize("seed", range(5))
def test_no_two_parts_share_a_group(folder: Path, seed: int) -> None:
    pictures = load_pictures(tiny_config(folder))
    config = SplitConfig(validation=0.2, holdout=0.25, seed=seed)
    split = split_by_group(pictures.labels, pictures.groups, config)
    parts = [set(pictures.groups[rows].tolist()) for rows in vars(split).values()]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]
    together = np.concatenate(list(vars(split).values()))
    assert sorted(together.tolist()) == list(range(len(pictures)))


def test_each_part_gets_its_share_of_each_label() -> None:
    labels = np.repeat([0, 1], [300, 900])
    groups = np.arange(1200) // 3
    split = split_by_group(labels, groups, SplitConfig(validation=0.1, holdout=0.2))
    for label, count in ((0, 300), (1, 900)):
        assert abs((labels[split.holdout] == label).sum() - 0.2 * count) < 3
        assert abs((labels[split.validation] == label).sum() - 0.1 * count) < 3


def test_a_group_with_pictures_of_two_labels_stays_whole() -> None:
    labels, groups = np.tile([0, 1], 40), np.arange(80) // 2
    split = split_by_group(labels, groups, SplitConfig(validation=0.2, holdout=0.2))
    assert not set(groups[split.training]) & set(groups[split.holdout])


def test_the_same_seed_splits_alike_and_another_does_not() -> None:
    labels, groups = np.tile([0, 1], 200), np.arange(400)
    first, again, other = (
        split_by_group(labels, groups, SplitConfig(seed=seed)).holdout for seed in (1, 1, 2)
    )
    assert first.tolist() == again.tolist() != other.tolist()


def test_too_few_groups_are_an_error_in_words() -> None:
    labels = np.array([0, 0, 0, 1])
    with pytest.raises(SettingsError, match="Too few groups"):
        split_by_group(labels, np.arange(4), SplitConfig(validation=0.3, holdout=0.3))


def test_the_folds_hold_out_every_picture_once_and_no_group_in_two_parts() -> None:
    random = np.random.default_rng(4)
    labels = np.repeat([0, 1], [150, 450])
    groups = np.sort(random.integers(0, 90, 600)) + 1000 * labels
    held_out = []
    for part in range(1, 6):
        split = split_by_group(labels, groups, SplitConfig(fold=(part, 5)))
        assert not set(groups[split.training]) & set(groups[split.holdout])
        assert not set(groups[split.validation]) & set(groups[split.holdout])
        held_out.extend(split.holdout.tolist())
    assert sorted(held_out) == list(range(600))


@pytest.mark.parametrize("fold", [(0, 5), (6, 5), (1, 1)])
def test_a_fold_that_is_none_is_refused(fold: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="1 <= k <= n"):
        SplitConfig(fold=fold)

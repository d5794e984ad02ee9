from __future__ import annotations

from pathlib import Path

import pytest

from training.labelled_pictures import tiny_config
from vistazo.errors import SettingsError
from vistazo.models.card_file import read_card
from vistazo.training.config import read_config

REPOSITORY = Path(__file__).parents[2]
MINIMAL = """
name: parts
labels: [good, bad, worse]
data: {folder: images}
input: {height: 32, width: 32, colour: rgb, scale: 1/255}
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "training.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_relative_data_folder_is_sought_from_the_config_file(tmp_path: Path) -> None:
    assert read_config(_write(tmp_path, MINIMAL)).data.folder == tmp_path / "images"


def test_a_data_folder_given_by_hand_wins(tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert read_config(_write(tmp_path, MINIMAL), data=other).data.folder == other


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("epochs: 3", "epochs"),
        ("positive: good", "positive"),
        ("fit: {epochs: 0}", "fit.epochs"),
        ("splits: {validation: 0.5, holdout: 0.4}", "splits"),
        ("seed: many", "seed"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, line: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read_config(_write(tmp_path, MINIMAL + line))


@pytest.mark.parametrize("pattern", [r"person\d+", "("])
def test_a_group_pattern_without_a_usable_group_is_refused(tmp_path: Path, pattern: str) -> None:
    text = MINIMAL.replace("images", f"images, group: '{pattern}'")
    with pytest.raises(SettingsError, match="group"):
        read_config(_write(tmp_path, text))


@pytest.mark.parametrize("text", ["- a\n- b", "{", ""])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=r"training\.yaml"):
        read_config(_write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml"):
        read_config(tmp_path / "nowhere.yaml")


def test_the_recipe_ignores_what_does_not_touch_the_weights(tmp_path: Path) -> None:
    plain = tiny_config(tmp_path)
    told = tiny_config(tmp_path / "moved", card={"limits": "Many."}, version="2")
    assert plain.recipe_sha256 == told.recipe_sha256
    assert plain.recipe_sha256 != tiny_config(tmp_path, seed=6).recipe_sha256


def test_the_shipped_training_file_is_valid() -> None:
    config = read_config(REPOSITORY / "artifacts" / "pneumonia" / "training.yaml")
    assert config.labels == ("NORMAL", "PNEUMONIA")
    assert config.positive == "PNEUMONIA"


def test_training_again_writes_the_texts_that_the_shipped_card_has() -> None:
    shipped = REPOSITORY / "artifacts" / "pneumonia"
    texts = read_config(shipped / "training.yaml").card
    card = read_card(shipped / "pneumonia.card.yaml")
    assert texts.notice
    assert dict(texts) == {name: getattr(card, name) for name in type(texts).model_fields}


@pytest.mark.parametrize(("file", "called"), [("", "parts.keras"), ("file: my.h5\n", "my.h5")])
def test_weights_are_called_as_the_recipe_says(tmp_path: Path, file: str, called: str) -> None:
    assert read_config(_write(tmp_path, MINIMAL + file)).weights_file == called


@pytest.mark.parametrize("file", ["../my.keras", "my.onnx", "my"])
def test_weights_go_nowhere_else_and_into_no_other_format(tmp_path: Path, file: str) -> None:
    with pytest.raises(SettingsError, match="file"):
        read_config(_write(tmp_path, f"{MINIMAL}file: {file}\n"))


def test_what_a_card_says_to_the_service_is_in_the_recipe(tmp_path: Path) -> None:
    text = "card: {page: {ask: true}, drift: {ignore: [size]}}\n"
    said = read_config(_write(tmp_path, MINIMAL + text)).card
    assert (said.page.ask, said.drift.ignore, said.costs) == (True, ("size",), None)


@pytest.mark.parametrize("blocks", ["[1, 2]", "[1, 2, 2, 1, 1]", "[]", "[1, 0, 1, 1]"])
def test_every_stage_has_its_number_of_blocks(tmp_path: Path, blocks: str) -> None:
    with pytest.raises(SettingsError, match="network"):
        read_config(_write(tmp_path, f"{MINIMAL}network: {{stages: 4, blocks: {blocks}}}"))


def test_a_kind_of_stranger_and_a_folder_to_judge_on_share_no_name(tmp_path: Path) -> None:
    both = "baseline: {unlike: {ward: {folder: x}}}\n"
    data = "data: {folder: images, other: {ward: {folder: y}}}"
    text = MINIMAL.replace("data: {folder: images}", data) + both
    with pytest.raises(SettingsError, match="both have 'ward'"):
        read_config(_write(tmp_path, text))


@pytest.mark.parametrize("name", ["holdout", "Ward", "a b"])
def test_a_kind_of_stranger_takes_no_name_that_is_taken_or_odd(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=r"baseline\.unlike"):
        read_config(_write(tmp_path, f"{MINIMAL}baseline: {{unlike: {{'{name}': {{folder: x}}}}}}"))


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("drift: {class_share: {SICK: [0.1, 0.5]}}", "'SICK'"),
        ("drift: {psi: 0}", "drift.psi"),
        ("page: {asks: true}", "page.asks"),
    ],
)
def test_what_a_card_may_not_say_is_said_before_training(
    tmp_path: Path, line: str, named: str
) -> None:
    with pytest.raises(SettingsError, match=named):
        read_config(_write(tmp_path, f"{MINIMAL}card: {{{line}}}"))

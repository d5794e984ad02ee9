"""``vistazo setup``: one command from a model file to a model that can be served."""

from __future__ import annotations

import json
import os
import shlex
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from click.testing import CliRunner, Result

from builders import encoded, flat, write_brightness_model, write_laid_flat_model
from vistazo.cli import convert
from vistazo.cli.setup import command
from vistazo.errors import CardError, SettingsError, UnsupportedModelError
from vistazo.models.card_file import card_path, read_card
from vistazo.models.file_hash import sha256_of

OTHER = "0" * 64  # digits alone, which YAML takes for a number where they are not quoted


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = write_brightness_model(tmp_path / "mine.keras", maps=True)
    card_path(path).unlink()
    return path


@pytest.fixture
def setup(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command in this process: several runs take less time."""
    monkeypatch.setenv("CACHE_DIR", str(cache))
    return lambda *arguments: CliRunner().invoke(
        command, [str(argument) for argument in arguments], standalone_mode=False
    )


def greys(folder: Path, levels: range) -> Path:
    folder.mkdir(parents=True)
    for level in levels:
        (folder / f"{level}.png").write_bytes(encoded(flat(level)))
    return folder


def labelled(folder: Path, step: int) -> Path:
    greys(folder / "DARK", range(10, 120, step))
    greys(folder / "BRIGHT", range(140, 250, step))
    return folder


def done(result: Result) -> str:
    assert result.exception is None, (result.output, result.exception)
    return result.output


def test_a_file_and_labelled_pictures_are_one_command_from_the_page(
    model: Path, running: Callable[..., Any]
) -> None:
    pictures = labelled(model.parent / "pictures", 3)
    one_command = ("vistazo", "setup", str(model), str(pictures), "--serve")
    with running(one_command) as service:
        page = httpx.get(service.url)
        answer = httpx.post(
            f"{service.url}/predict", files={"file": ("a.png", encoded(flat(230)))}
        ).json()
        status, log = service.stop(signal.SIGINT)
    assert page.status_code == 200
    assert answer["predicted_class"] == "BRIGHT"
    assert set(answer["probabilities"]) == {"DARK", "BRIGHT"}
    assert answer["in_distribution"]["verdict"] is True
    assert status == 0, log


def test_labels_beside_the_file_and_a_variable_are_a_card_that_says_why(
    model: Path, setup: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    model.with_name("labels.txt").write_text("0 dark\n1 bright\n")
    monkeypatch.setenv("SCALE", "1/255")
    pictures = greys(model.parent / "pictures", range(0, 250, 3))
    shown = done(setup(model, pictures))
    text = card_path(model).read_text()
    assert "labels: [dark, bright]  # labels.txt beside the model" in text
    assert "scale: 1/255  # SCALE" in text
    assert read_card(card_path(model)).sha256 == sha256_of(model)
    assert "mine.baseline.npz: of 84 pictures" in shown
    assert "mine.baseline.npz: later answers are compared with 84 answers (" in shown
    assert shown.count(".png ") == 6
    assert shown.rstrip().endswith(f"Next: MODEL_PATH={model} ./scripts/serve")


@pytest.mark.parametrize("way", ["--input", "INPUT_SIZE"])
def test_pictures_laid_flat_take_their_size_and_the_card_keeps_it(
    way: str, tmp_path: Path, setup: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_laid_flat_model(tmp_path / "flat.keras")
    pictures = labelled(tmp_path / "pictures", 5)
    said = setup(model, pictures)
    assert isinstance(said.exception, UnsupportedModelError)
    assert "a row of 80 numbers. If that is a picture laid flat" in str(said.exception)
    assert "8x10 in grey" in str(said.exception)
    if way == "INPUT_SIZE":
        monkeypatch.setenv(way, "8x10")
        done(setup(model, pictures))
    else:
        done(setup(model, pictures, way, "8x10"))
    card = read_card(card_path(model))
    assert (card.input.height, card.input.width, card.input.colour) == (8, 10, "grey")
    assert card.labels == ("DARK", "BRIGHT")
    monkeypatch.delenv("INPUT_SIZE", raising=False)
    assert "agrees with the model" in done(setup(model))
    arguments = [str(model), str(tmp_path / "flat.onnx")]
    converted = CliRunner().invoke(convert.command, arguments, standalone_mode=False)
    assert "8 x 10 x 1 -> 1 (sigmoid)" in done(converted)


def test_the_next_command_can_be_pasted_whatever_the_folder_is_called_and_wherever_one_is(
    tmp_path: Path, setup: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "año 'x' & $(exit 1)"
    folder.mkdir()
    write_brightness_model(folder / "mine.keras")
    monkeypatch.chdir(folder)
    for model in (Path("mine.keras"), folder / "mine.keras"):
        command = done(setup(model)).rstrip().rpartition("Next: ")[2]
        setting, program = shlex.split(command)
        assert setting == f"MODEL_PATH={model}"
        assert Path(program).is_file()


def test_what_is_missing_is_asked_for_and_nothing_is_written(
    model: Path, setup: Callable[..., Result]
) -> None:
    result = setup(model, greys(model.parent / "pictures", range(0, 100, 10)))
    assert isinstance(result.exception, CardError)
    assert "labels: 2, that of 0 and then that of 1" in str(result.exception)
    assert "input.scale" in str(result.exception)
    assert not card_path(model).exists()


@pytest.mark.parametrize("is_json", [True, False])
def test_a_card_of_other_weights_names_these_afterwards_and_keeps_its_words(
    tmp_path: Path, setup: Callable[..., Result], is_json: bool
) -> None:
    model = write_brightness_model(tmp_path / "mine.keras", maps=True)
    card = card_path(model)
    said = {**json.loads(card.read_text()), "sha256": OTHER, "figures": {"all": {"auc": 0.9}}}
    lines = "".join(f"{name}: {json.dumps(value)}\n" for name, value in said.items())
    card.write_text(json.dumps(said) if is_json else f"# Mine.\n{lines}")
    shown = done(setup(model))
    assert "named other weights, and names these now" in shown
    assert "measure again" in shown
    assert read_card(card).sha256 == sha256_of(model)
    assert is_json or card.read_text().startswith("# Mine.")
    assert "agrees with the model" in done(setup(model))


def test_a_card_that_does_not_fit_the_model_stays_as_it_is(
    tmp_path: Path, setup: Callable[..., Result]
) -> None:
    model = write_brightness_model(tmp_path / "mine.keras")
    card = card_path(model)
    card.write_text(card.read_text().replace('"height": 8', '"height": 9'))
    before = card.read_text()
    assert isinstance(setup(model).exception, CardError)
    assert card.read_text() == before


def test_folders_that_are_not_named_like_the_labels_are_just_pictures(
    model: Path, setup: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    model.with_name("labels.txt").write_text("night\nday\n")
    monkeypatch.setenv("SCALE", "1/255")
    shown = done(setup(model, labelled(model.parent / "pictures", 20)))
    assert "its folders are BRIGHT, DARK, the labels night, day" in shown
    assert read_card(card_path(model)).labels == ("night", "day")
    assert "No baseline: A baseline needs 64 pictures" in shown


def test_what_programs_leave_among_pictures_is_no_label_and_no_picture(
    model: Path, setup: Callable[..., Result]
) -> None:
    """Notebooks copy what one looks at; a zip of macOS has a second folder."""
    pictures = labelled(model.parent / "pictures", 8)
    labelled(pictures / "__MACOSX", 20)
    for copy in (pictures / "BRIGHT" / ".ipynb_checkpoints", pictures / ".ipynb_checkpoints"):
        greys(copy, range(10, 120, 20))
    shown = done(setup(model, pictures))
    assert read_card(card_path(model)).labels == ("DARK", "BRIGHT")
    assert "Found from 28 labelled pictures" in shown
    assert ".ipynb_checkpoints" not in shown


def test_labels_that_are_corrected_beside_a_card_are_told_to_count_less(
    tmp_path: Path, setup: Callable[..., Result]
) -> None:
    model = write_brightness_model(tmp_path / "mine.keras")
    labels = model.with_name("labels.txt")
    labels.write_text("DARK\nBRIGHT\n")
    assert "--force" not in done(setup(model))
    labels.write_text("BRIGHT\nDARK\n")
    told = done(setup(model))
    assert f"It says 2 labels (DARK, BRIGHT), and {labels} says 2 labels (BRIGHT, DARK)" in told
    assert "--force" in told
    labels.write_text("DARK\nDARK\n")
    assert "twice" in done(setup(model))


def test_an_order_that_the_pictures_contradict_is_told_beside_theirs(
    model: Path, setup: Callable[..., Result]
) -> None:
    model.with_name("labels.txt").write_text("BRIGHT\nDARK\n")
    result = setup(model, labelled(model.parent / "pictures", 8))
    assert isinstance(result.exception, CardError)
    told = str(result.exception)
    assert "given BRIGHT, DARK; by the pictures DARK, BRIGHT" in told
    assert "--labels BRIGHT,DARK" not in told
    assert not card_path(model).exists()


@pytest.mark.parametrize(
    ("name", "label"),
    [("dark", "DARK"), ("DARK ", "DARK"), ("nin\u0303o", "ni\xf1o")],
    ids=["case", "space", "accent of its own"],
)
def test_folders_that_are_the_labels_but_for_their_spelling_are_to_be_renamed(
    model: Path, setup: Callable[..., Result], name: str, label: str
) -> None:
    pictures = labelled(model.parent / "pictures", 20)
    (pictures / "DARK").rename(pictures / name)
    model.with_name("labels.txt").write_text(f"{label}\nBRIGHT\n", encoding="utf-8")
    result = setup(model, pictures)
    assert isinstance(result.exception, SettingsError)
    assert f"{name!a} is {label!a}" in str(result.exception)


def test_no_label_ends_in_a_space(model: Path, setup: Callable[..., Result]) -> None:
    pictures = labelled(model.parent / "pictures", 20)
    (pictures / "DARK").rename(pictures / "DARK ")
    result = setup(model, pictures)
    assert isinstance(result.exception, SettingsError)
    assert "Rename the folder 'DARK '" in str(result.exception)


def test_a_zip_and_a_new_card_where_there_is_one(
    model: Path, setup: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCALE", "1/255")
    archive = model.with_name("converted.zip")
    with zipfile.ZipFile(archive, "w") as content:
        content.write(model, "keras_model.keras")
        content.writestr("labels.txt", "0 dark\n1 bright")
    done(setup(archive))
    first = read_card(card_path(archive))
    assert first.labels == ("dark", "bright")
    monkeypatch.setenv("SCALE", "none")
    done(setup(archive, "--force"))
    assert read_card(card_path(archive)).input.scale == "none"


def test_a_link_is_for_serving_and_is_not_set_up(setup: Callable[..., Result]) -> None:
    with pytest.raises(click.UsageError, match="download it first"):
        raise setup("https://example.com/model.h5").exception or AssertionError


def test_a_folder_that_is_only_read_is_told_before_any_picture_is_looked_at(
    model: Path, setup: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere: the answer of the system is what is set here."""
    monkeypatch.setattr("os.access", lambda _, mode: mode != os.W_OK)
    result = setup(model, labelled(model.parent / "pictures", 8))
    assert isinstance(result.exception, SettingsError)
    assert "Copy the model to a folder of your own" in str(result.exception)
    assert "preparation" not in result.output


def test_where_nothing_can_be_written_the_error_names_the_file(
    model: Path, setup: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    model.with_name("labels.txt").write_text("dark\nbright\n")
    monkeypatch.setenv("SCALE", "1/255")
    card_path(model).mkdir()
    (card_path(model) / "in the way").touch()
    error = setup(model, "--force").exception
    assert isinstance(error, SettingsError)
    assert f"{card_path(model)} cannot be written" in str(error)
    assert [path.name for path in model.parent.glob("part-*")] == []

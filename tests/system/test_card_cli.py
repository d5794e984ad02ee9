from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from builders import encoded, flat, write_brightness_model
from vistazo.answers.baseline_file import baseline_path, read_reference
from vistazo.cli.card import command
from vistazo.errors import CardError
from vistazo.models.card_file import read_card

Vistazo = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = write_brightness_model(tmp_path / "mine.keras", maps=True)
    path.with_name("mine.card.yaml").unlink()
    return path


def write_greys(folder: Path, dark: range, bright: range) -> Path:
    for name, greys in (("DARK", dark), ("BRIGHT", bright)):
        (folder / name).mkdir(parents=True)
        for grey in greys:
            (folder / name / f"{grey}.png").write_bytes(encoded(flat(grey)))
    return folder


def test_a_file_and_labelled_pictures_become_a_card_a_baseline_and_an_answer(
    vistazo: Vistazo, model: Path, tmp_path: Path
) -> None:
    pictures = write_greys(tmp_path / "pictures", range(10, 120, 3), range(140, 250, 3))
    done = vistazo("card", str(model), str(pictures))
    assert done.returncode == 0, done.stderr
    assert "* 1/255, grey, stretch" in done.stdout
    assert f"MODEL_PATH={model} ./scripts/serve" in done.stdout
    card = read_card(model.with_name("mine.card.yaml"))
    assert card.labels == ("DARK", "BRIGHT")
    assert card.sha256 is not None
    told = read_reference(baseline_path(model), card.sha256, card.labels, card.input)
    assert told is not None
    assert (told.count, told.right) == (74, 74)
    assert told.quantities["likeness"].counts.sum() == 15  # the others made the baseline
    predicted = vistazo("predict", "--model", str(model), "--json", str(pictures / "DARK/10.png"))
    assert json.loads(predicted.stdout)[0]["predicted_class"] == "DARK"


@pytest.fixture
def card(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``vistazo card`` in this process: several runs take less time."""
    monkeypatch.setenv("CACHE_DIR", str(cache))
    return lambda *arguments: CliRunner().invoke(
        command, [str(argument) for argument in arguments], standalone_mode=False
    )


def test_a_card_that_says_otherwise_is_left_alone_and_with_force_keeps_its_texts(
    card: Callable[..., Result], model: Path, tmp_path: Path
) -> None:
    pictures = write_greys(tmp_path / "pictures", range(10, 120, 8), range(140, 250, 8))
    path = model.with_name("mine.card.yaml")
    assert card(model, pictures).return_value == 0
    turned = path.read_text().replace("- DARK\n- BRIGHT", "- BRIGHT\n- DARK")
    path.write_text(turned + "intended_use: To sort photographs.\n")
    refused = card(model, pictures)
    assert refused.return_value == 1
    assert "says otherwise (labels" in refused.output
    assert read_card(path).labels == ("BRIGHT", "DARK")
    assert card(model, pictures, "--force").return_value == 0
    found = read_card(path)
    assert found.labels == ("DARK", "BRIGHT")
    assert found.intended_use == "To sort photographs."


def test_a_card_that_the_pictures_leave_standing_is_not_touched(
    card: Callable[..., Result], tmp_path: Path
) -> None:
    """Of even greys, the antialiased filter of this card makes nothing else."""
    model = write_brightness_model(tmp_path / "mine.keras", maps=True)
    before = model.with_name("mine.card.yaml").read_text()
    pictures = write_greys(tmp_path / "pictures", range(10, 120, 8), range(140, 250, 8))
    agreed = card(model, pictures)
    assert agreed.return_value == 0, agreed.output
    assert "agrees with the pictures" in agreed.output
    assert model.with_name("mine.card.yaml").read_text() == before


def test_where_the_pictures_do_not_settle_the_labels_no_card_is_written(
    card: Callable[..., Result], model: Path, tmp_path: Path
) -> None:
    """Both folders hold dark and bright pictures alike."""
    pictures = write_greys(tmp_path / "pictures", range(10, 250, 12), range(11, 250, 12))
    uncertain = card(model, pictures)
    assert isinstance(uncertain.exception, CardError)
    assert "--labels BRIGHT,DARK" in str(uncertain.exception)
    assert not model.with_name("mine.card.yaml").exists()
    assert card(model, pictures, "--labels", "DARK,BRIGHT").return_value == 0
    assert read_card(model.with_name("mine.card.yaml")).labels == ("DARK", "BRIGHT")

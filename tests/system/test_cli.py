import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from builders import encoded, evenness, film, flat, write_brightness_model
from vistazo.answers.baseline_file import baseline_path, write_baseline
from vistazo.models.card_file import parse_card
from vistazo.models.file_hash import sha256_of

Vistazo = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    films = tmp_path / "films"
    (films / "more").mkdir(parents=True)
    (films / "dark.png").write_bytes(encoded(flat(10)))
    (films / "more" / "bright.jpeg").write_bytes(encoded(flat(240), "JPEG"))
    (films / "broken.png").write_bytes(encoded(film(400, 300))[:500])
    (films / "notes.txt").write_text("not a picture, and not asked for")
    write_brightness_model(tmp_path / "mine.keras")
    return tmp_path


def test_a_folder_is_classified_and_a_bad_file_is_reported_in_its_row(
    folder: Path, vistazo: Vistazo
) -> None:
    done = vistazo("predict", "--model", "mine.keras", "films", cwd=folder)
    assert done.returncode == 1
    rows = done.stdout.splitlines()
    assert len(rows) == 3
    assert "cannot be classified" in next(row for row in rows if "broken.png" in row)
    assert "DARK" in next(row for row in rows if "dark.png" in row)
    assert "BRIGHT" in next(row for row in rows if "bright.jpeg" in row)


def test_json_and_csv_are_what_a_program_can_read(folder: Path, vistazo: Vistazo) -> None:
    arguments = ("predict", "--model", "mine.keras", "films")
    rows = json.loads(vistazo(*arguments, "--json", cwd=folder).stdout)
    assert [Path(row["file"]).name for row in rows] == ["broken.png", "dark.png", "bright.jpeg"]
    assert rows[0]["code"] == "corrupt_image"
    assert rows[2]["probabilities"]["BRIGHT"] > 0.9
    table = list(csv.DictReader(io.StringIO(vistazo(*arguments, "--csv", cwd=folder).stdout)))
    assert [row["predicted_class"] for row in table] == ["", "DARK", "BRIGHT"]
    assert "cut short" in table[0]["error"]
    assert [row["in_distribution"] for row in table] == ["", "", ""]  # it has no baseline


def test_all_pictures_classified_is_exit_status_0(folder: Path, vistazo_process: Vistazo) -> None:
    done = vistazo_process("predict", "films/dark.png", MODEL_PATH="mine.keras", cwd=folder)
    assert done.returncode == 0
    assert "DARK" in done.stdout


def test_a_file_that_is_not_there_is_a_row_and_a_folder_without_pictures_is_a_usage_error(
    folder: Path, vistazo: Vistazo
) -> None:
    missing = vistazo("predict", "--model", "mine.keras", "no.png", cwd=folder)
    assert missing.returncode == 1
    assert "cannot be read" in missing.stdout
    (folder / "empty").mkdir()
    empty = vistazo("predict", "--model", "mine.keras", "empty", cwd=folder)
    assert empty.returncode == 2
    assert "no PNG, JPEG" in empty.stderr


def test_convert_writes_onnx_and_says_what_it_takes_and_gives(
    folder: Path, vistazo: Vistazo
) -> None:
    done = vistazo("convert", "mine.keras", "mine.onnx", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "8 x 8 x 1 -> 1 (sigmoid)" in done.stdout
    assert (folder / "mine.onnx").stat().st_size > 100


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("convert", "nowhere.h5", "o.onnx"), "no model at"),
        (("convert", "mine.keras", "no/folder/o.onnx"), "no folder"),
        (("convert", "mine.keras", "o.onnx", "--input", "big"), "224x224"),
        (("predict",), "Missing argument"),
        (("predict", "--model", "nowhere.h5", "films"), "no model at"),
        (("fly",), "No such command"),
    ],
)
def test_a_mistake_is_told_in_words_with_exit_status_2(
    arguments: tuple[str, ...], said: str, folder: Path, vistazo: Vistazo
) -> None:
    failed = vistazo(*arguments, cwd=folder)
    assert failed.returncode == 2
    assert said in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_wrong_setting_is_told_in_words(vistazo_process: Vistazo) -> None:
    failed = vistazo_process("serve", PORT="eighty")
    assert failed.returncode == 2
    assert "PORT" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_inspect_shows_a_model_and_whether_its_card_agrees(folder: Path, vistazo: Vistazo) -> None:
    agrees = vistazo("inspect", "mine.keras", cwd=folder)
    assert agrees.returncode == 0, agrees.stderr
    assert "8 x 8 x 1" in agrees.stdout
    assert "agrees" in agrees.stdout
    assert "how good   not measured" in agrees.stdout
    card = folder / "mine.card.yaml"
    card.write_text(card.read_text().replace('"height": 8', '"height": 9'))
    differs = vistazo("inspect", "mine.keras", cwd=folder)
    assert differs.returncode == 1
    assert "9 x 8 x 1" in differs.stdout
    assert "how good" not in differs.stdout


def test_inspect_into_the_card_that_the_shell_has_just_made_writes_one_to_complete(
    folder: Path, vistazo: Vistazo
) -> None:
    card = folder / "mine.card.yaml"
    card.write_text("")  # as the shell does for '>' before the command runs
    done = vistazo("inspect", "mine.keras", cwd=folder)
    assert done.returncode == 1
    assert done.stderr == ""
    assert "# mine.keras" in done.stdout
    assert yaml.safe_load(done.stdout)["labels"] == "TODO"
    card.write_text(done.stdout)
    refused = vistazo("predict", "films/dark.png", MODEL_PATH="mine.keras", cwd=folder)
    assert refused.returncode == 2
    assert "TODO at labels, input.scale" in refused.stderr
    completed = done.stdout.replace("labels: TODO", "labels: [DARK, BRIGHT]")
    card.write_text(completed.replace("scale: TODO", "scale: 1/255"))
    served = vistazo("predict", "films/dark.png", MODEL_PATH="mine.keras", cwd=folder)
    assert served.returncode == 0, served.stderr
    assert "DARK" in served.stdout


def test_inspect_leaves_nothing_to_do_where_everything_is_known(
    folder: Path, vistazo: Vistazo
) -> None:
    (folder / "mine.card.yaml").unlink()
    (folder / "labels.txt").write_text("0 DARK\n1 BRIGHT\n")
    done = vistazo("inspect", "mine.keras", cwd=folder, SCALE="1/255")
    assert done.returncode == 0
    assert "labels: [DARK, BRIGHT]  # labels.txt beside the model" in done.stdout
    assert parse_card(done.stdout).input.scale == "1/255"


def test_the_published_schema_of_the_card_is_current(vistazo: Vistazo) -> None:
    published = Path(__file__).parents[2] / "artifacts" / "model-card.schema.json"
    assert json.loads(published.read_text()) == json.loads(vistazo("inspect", "--schema").stdout)


def test_a_baseline_lets_a_model_tell_strange_pictures(tmp_path: Path, vistazo: Vistazo) -> None:
    model = write_brightness_model(tmp_path / "mine.keras", maps=True)
    (tmp_path / "own").mkdir()
    random = np.random.default_rng(0)
    for number in range(120):
        grey = random.normal(random.integers(80, 160), 3, (40, 40)).clip(0, 255)
        Image.fromarray(grey.astype(np.uint8)).save(tmp_path / "own" / f"{number}.png")
    (tmp_path / "own" / "broken.png").write_bytes(b"no picture")
    (tmp_path / "films").mkdir()
    for number in range(12):
        (tmp_path / "films" / f"{number}.png").write_bytes(encoded(film(60 + number)))
    unlike = ("--unlike", str(tmp_path / "films"))
    done = vistazo("baseline", str(model), str(tmp_path / "own"), *unlike)
    assert done.returncode == 1  # for the broken one, which is left out
    assert "upside down: " in done.stderr
    assert "% of 12 were told by what the others show\n" in done.stderr
    assert "broken.png is left out" in done.stderr
    assert "120 pictures" in done.stdout
    (tmp_path / "strange.png").write_bytes(encoded(film()))
    arguments = ("predict", "--json", "--model", str(model))
    strange = json.loads(vistazo(*arguments, str(tmp_path / "strange.png")).stdout)
    own = json.loads(vistazo(*arguments, str(tmp_path / "own" / "7.png")).stdout)
    assert strange[0]["warnings"] == ["out_of_distribution"]
    assert strange[0]["in_distribution"]["score"] < 0.5
    assert own[0]["warnings"] == []
    assert own[0]["in_distribution"]["verdict"] is True


def test_answers_are_remembered_anew_and_what_tells_strange_pictures_stays(
    tmp_path: Path, vistazo: Vistazo
) -> None:
    model = write_brightness_model(tmp_path / "mine.keras", maps=True)
    write_baseline(replace(evenness(), sha256=sha256_of(model)), baseline_path(model))
    for place in range(60):
        folder = tmp_path / "films" / ("DARK" if place < 20 else "BRIGHT")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{place}.png").write_bytes(encoded(flat(4 * place)))
    arguments = ("baseline", str(model), str(tmp_path / "films"), "--reference-only")
    done = vistazo(*arguments)
    assert done.returncode == 0, done.stderr
    assert "60 answers, 48 of 60 right (aspect_ratio, brightness, " in done.stderr
    shown = vistazo("inspect", str(model)).stdout
    assert "tells strange pictures; tells drift from 60 answers, 48 of 60 right" in shown
    write_baseline(evenness(), baseline_path(model))  # of another model: it is not thrown away
    before = baseline_path(model).read_bytes()
    failed = vistazo(*arguments)
    assert failed.returncode == 2
    assert "of other weights" in failed.stderr
    assert baseline_path(model).read_bytes() == before


def test_too_few_pictures_for_a_baseline_are_told_in_words(
    tmp_path: Path, vistazo: Vistazo
) -> None:
    model = write_brightness_model(tmp_path / "mine.keras", maps=True)
    (tmp_path / "one.png").write_bytes(encoded(film()))
    failed = vistazo("baseline", str(model), str(tmp_path / "one.png"))
    assert failed.returncode == 2
    assert "needs 64 pictures" in failed.stderr

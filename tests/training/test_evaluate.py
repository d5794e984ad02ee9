"""The command, from the files it is given to the files it writes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

import builders
from training.evaluation_run import GREYS, Done, evaluate, filled_folder
from training.labelled_pictures import tiny_config, write_colour_model, write_flat_pictures
from vistazo.training import plots
from vistazo.training.plots.chart import CHART_PX
from vistazo.training.report import file_sha256

TESTS = Path(__file__).parents[1]
ASKED = ("evaluate", "mine.keras", "pictures")
Run = Callable[..., Done]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filled_folder(tmp_path)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "models"


@pytest.fixture
def run(folder: Path, cache: Path) -> Run:
    """``run("mine.keras", "pictures")``: exit status and what was printed, in the folder."""

    def run_it(*arguments: str, draws: bool = False) -> Done:
        return evaluate(folder, cache, *arguments, draws=draws)

    return run_it


class Measured(NamedTuple):
    folder: Path
    done: Done


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Measured:
    """The folder after an evaluation like any other, plots and all. To be looked at only."""
    folder = filled_folder(tmp_path_factory.mktemp("measured"))
    return Measured(folder, evaluate(folder, cache, "mine.keras", "pictures", draws=True))


def _written(folder: Path, name: str = "brightness") -> dict[str, Any]:
    path = folder / "runs" / f"evaluation-{name}" / "evaluation.json"
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def test_the_figures_are_those_that_can_be_worked_out_by_hand(measured: Measured) -> None:
    assert measured.done.status == 0
    figures = _written(measured.folder)["all"]
    given = {k: [1 / (1 + np.exp(4 - 8 * g / 255)) for g in greys] for k, greys in GREYS.items()}
    errors = [p**2 for p in given["DARK"]] + [(1 - p) ** 2 for p in given["BRIGHT"]]
    expected = {
        "auc": 8 / 9,  # of nine pairs only 160 above 100 is in the wrong order
        "accuracy": 4 / 6,
        "sensitivity": 2 / 3,
        "specificity": 2 / 3,
        "f1": 2 / 3,
        "brier": np.mean(errors),
    }
    for name, value in expected.items():
        assert figures[name]["value"] == pytest.approx(value, abs=1e-4), name
        assert figures[name]["low"] <= figures[name]["value"] <= figures[name]["high"]
        assert f"{figures[name]['value']:.4f} (" in measured.done.printed
    words = (
        "All (6 pictures): of 100 BRIGHT pictures it misses 33 (0 to 100); of 100 DARK pictures it"
    )
    assert words in " ".join(measured.done.printed.split())
    assert figures["confusion"] == {
        "true_positives": 2,
        "false_negatives": 1,
        "true_negatives": 2,
        "false_positives": 1,
    }


def test_the_document_says_what_was_measured_and_how(
    run: Run, folder: Path, measured: Measured
) -> None:
    document = json.loads(run("mine.keras", "pictures", "--json", "--out", "here").printed)
    assert document == json.loads((folder / "here" / "evaluation.json").read_text())
    assert document == _written(measured.folder)
    assert document["model"]["sha256"] == file_sha256(folder / "mine.keras")
    assert document["operating_point"]["threshold"] == 0.5
    assert document["data"]["pictures"] == 6
    before = document["data"]["sha256"]
    builders.flat(12).save(folder / "pictures" / "DARK" / "picture-0.png")
    run("mine.keras", "pictures")
    assert _written(folder)["data"]["sha256"] != before


def test_every_plot_is_written_and_shows_something(measured: Measured) -> None:
    out = measured.folder / "runs" / "evaluation-brightness"
    assert {path.name for path in out.iterdir()} == {*plots.FILES, "evaluation.json"}
    for name in plots.FILES:
        with Image.open(out / name) as image:
            assert image.format == "PNG"
            assert name == "mistakes.png" or image.size == CHART_PX
            assert len(set(image.convert("L").get_flattened_data())) > 10


def test_a_bad_file_is_reported_and_counted_and_the_rest_is_measured(
    run: Run, folder: Path
) -> None:
    (folder / "pictures" / "DARK" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    status, printed, said = run("mine.keras", "pictures")
    assert status == 1
    assert "DARK/broken.png cannot be classified" in said
    assert "1 picture could not be classified" in printed
    document = _written(folder)
    assert document["data"]["not_classified"] == 1
    assert document["all"]["pictures"] == 6


def test_several_labels_are_measured_and_drawn(run: Run, folder: Path) -> None:
    write_colour_model(folder / "colour.keras")
    for place, label in enumerate(("red", "green", "blue")):
        (folder / "leaves" / label).mkdir(parents=True)
        for shade in (100, 200):
            pixels = np.full((40, 40, 3), 30, np.uint8)
            pixels[..., place] = shade
            Image.fromarray(pixels).save(folder / "leaves" / label / f"{shade}.png")
    pixels = np.full((40, 40, 3), (30, 200, 30), np.uint8)
    Image.fromarray(pixels).save(folder / "leaves" / "red" / "wrong.png")
    status, printed, said = run("colour.keras", "leaves", draws=True)
    assert (status, said) == (0, "")
    measured = _written(folder, "colour")["all"]
    assert measured["accuracy"]["value"] == pytest.approx(6 / 7, abs=1e-4)
    assert measured["sensitivity"]["value"] == pytest.approx((2 / 3 + 1 + 1) / 3, abs=1e-4)
    assert measured["specificity"]["value"] == pytest.approx((1 + 4 / 5 + 1) / 3, abs=1e-4)
    assert measured["f1"]["value"] == pytest.approx((4 / 5 + 4 / 5 + 1) / 3, abs=1e-4)
    assert measured["confusion"]["red"] == {"red": 2, "green": 1, "blue": 0}
    assert "sensitivity" in printed


def test_labels_in_the_wrong_order_are_said_in_the_report_and_in_the_document(
    run: Run, folder: Path, measured: Measured
) -> None:
    assert _written(measured.folder)["remarks"] == []
    card = json.loads((folder / "mine.card.yaml").read_text())
    card |= {"labels": card["labels"][::-1]}
    (folder / "mine.card.yaml").write_text(json.dumps(card))
    status, printed, _ = run("mine.keras", "pictures")
    assert status == 0
    (remark,) = _written(folder)["remarks"]
    assert "AUC is 0.1111, under 0.5" in remark
    assert "'labels: [DARK, BRIGHT]' would fit" in remark
    assert remark in " ".join(printed.split())


def test_a_wrong_scale_that_ends_in_one_answer_for_everything_is_said(
    run: Run, folder: Path
) -> None:
    write_flat_pictures(
        folder / "parts", {"DARK": list(range(40, 120, 10)), "BRIGHT": list(range(130, 210, 10))}
    )
    assert "Note:" not in run("mine.keras", "parts")[1]
    card = json.loads((folder / "mine.card.yaml").read_text())
    card["input"]["scale"] = "none"
    (folder / "mine.card.yaml").write_text(json.dumps(card))
    printed = " ".join(run("mine.keras", "parts")[1].split())
    assert "Note: BRIGHT is the answer for 16 of 16 pictures" in printed
    assert "mine.card.yaml says none" in printed
    assert "vistazo inspect mine.keras PICTURES" in printed


def test_a_medmnist_file_takes_the_same_way(run: Run, folder: Path, measured: Measured) -> None:
    greys = np.array([10, 60, 160, 240, 200, 100], np.uint8)
    images = np.broadcast_to(greys[:, np.newaxis, np.newaxis], (6, 40, 40))
    labels = np.repeat([0, 1], 3)[:, np.newaxis]
    np.savez(folder / "pictures.npz", test_images=images, test_labels=labels)
    assert run("mine.keras", "pictures.npz")[0] == 0
    from_arrays, from_folder = (_written(each)["all"] for each in (folder, measured.folder))
    assert from_arrays["brier"]["value"] == from_folder["brier"]["value"]


@pytest.fixture
def trained(folder: Path) -> Path:
    """The folder, with a training file for other pictures and what the run left."""
    greys = {"DARK": list(range(10, 130, 6)), "BRIGHT": list(range(135, 255, 6))}
    write_flat_pictures(folder / "more", greys)
    config = tiny_config(folder / "more", labels=("DARK", "BRIGHT"), positive="BRIGHT")
    text = config.model_dump_json(exclude={"data": {"group"}})
    (folder / "training.yaml").write_text(text.replace(str(folder / "more"), "more"))
    run = {"model": {"sha256": file_sha256(folder / "mine.keras")}, "holdout": "as it was"}
    (folder / "evaluation.json").write_text(json.dumps(run))
    return folder


def test_with_the_training_file_only_what_was_held_out_is_scored(run: Run, trained: Path) -> None:
    run_left = json.loads((trained / "evaluation.json").read_text())
    status, _, said = run("mine.keras", "--training", "training.yaml")
    assert status == 2
    assert "does not hold the very pictures" in said
    (trained / "evaluation.json").unlink()
    status, _, said = run("mine.keras", "--training", "training.yaml")
    assert status == 0
    assert "Taken on trust" in said
    document = _written(trained)
    assert document["holdout"]["pictures_per_label"] == {"DARK": 4, "BRIGHT": 4}
    assert document["data"]["pictures"] == 16
    assert "all" not in document
    run_left["data"] = {"sha256": document["data"]["sha256"]}
    (trained / "evaluation.json").write_text(json.dumps(run_left))
    assert run("mine.keras", "more", "--training", "training.yaml", "--record")[0] == 0
    recorded = json.loads((trained / "evaluation.json").read_text())
    assert recorded["served"]["holdout"] == document["holdout"]
    assert recorded["holdout"] == "as it was"


def test_the_folders_of_data_other_are_measured_shown_and_recorded(run: Run, trained: Path) -> None:
    write_flat_pictures(trained / "elsewhere", {"DARK": [5, 10], "BRIGHT": [250]})
    (trained / "ward").mkdir()
    builders.flat(33).save(trained / "ward" / "one.png")
    config = json.loads((trained / "training.yaml").read_text())
    entries = {"elsewhere": {"folder": "elsewhere", "note": "Afar."}, "ward": {"folder": "ward"}}
    config["data"]["other"] = entries
    (trained / "training.yaml").write_text(json.dumps(config))
    (trained / "evaluation.json").unlink()
    asked = ("mine.keras", "--training", "training.yaml")
    _, printed, said = run(*asked)
    assert "elsewhere: 1 left out, as the same pictures are in the training data" in said
    for line in ("elsewhere: Afar.", "elsewhere: 1 left out also in training data"):
        assert line in printed
    document = _written(trained)
    assert document["elsewhere"]["accuracy"]["value"] == 1
    assert document["ward"] == {"pictures": 1, "groups": 1}
    shutil.rmtree(trained / "ward")
    status, _, said = run(*asked)
    assert status == 2
    assert "data.other.ward" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mine.keras",), "Missing argument 'DATA'"),
        (("mine.keras", "pictures", "--record"), "--record needs --training"),
        (("mine.keras", "nowhere"), "neither a folder nor an .npz file"),
        (("mine.keras", "."), "no folder for the label: DARK"),
        (("none.keras", "pictures"), "no model at none.keras"),
        (("mine.keras", "pictures", "--training", "none.yaml"), "none.yaml cannot be read"),
        (("mine.keras", "pictures", "--out", "mine.keras"), "mine.keras cannot be made"),
    ],
)
def test_a_mistake_is_told_in_words_with_exit_status_2(
    arguments: tuple[str, ...], said: str, run: Run
) -> None:
    status, _, printed = run(*arguments)
    assert status == 2
    assert said in printed
    assert "Traceback" not in printed


NO_TENSORFLOW = """
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"tensorflow", "keras", "tf_keras"}:
            print("asked for", name, file=sys.stderr)
            raise ImportError(name)

sys.meta_path.insert(0, Blocked())
"""
NO_MATPLOTLIB = "sys.modules['matplotlib'] = None\n"


def _run_without(absent: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    start = f"sys.argv = {['vistazo', *arguments]}\nfrom vistazo import cli\ncli.main()\n"
    return subprocess.run(
        [sys.executable, "-c", f"import sys\n{absent}{start}"],
        env={**os.environ, "PYTHONPATH": str(TESTS.parent / "src"), "CACHE_DIR": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_does_not_even_ask_for_tensorflow_or_keras(folder: Path) -> None:
    done = _run_without(NO_TENSORFLOW, folder, *ASKED)
    assert done.returncode == 0, done.stderr
    assert "asked for" not in done.stderr


@pytest.mark.parametrize("command", ["evaluate", "train"])
def test_its_help_can_be_read_where_only_the_serving_packages_are(
    command: str, folder: Path
) -> None:
    done = _run_without(NO_TENSORFLOW + NO_MATPLOTLIB, folder, command, "-h")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"vistazo {command}" in done.stdout


def test_where_matplotlib_is_not_it_says_how_to_get_it(folder: Path) -> None:
    done = _run_without(NO_MATPLOTLIB, folder, *ASKED)
    assert done.returncode == 2
    assert "pip install -r scripts/requirements/evaluation.txt" in done.stderr
    assert not (folder / "runs").exists()

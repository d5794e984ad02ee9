"""``vistazo compare``, and ``--require`` of ``vistazo evaluate``: the gates before a deploy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.evaluation_run import Done, filled_folder, run_vistazo
from training.labelled_pictures import write_flat_pictures

Run = Callable[..., Done]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return two_models(tmp_path)


def two_models(folder: Path) -> Path:
    """``mine.keras`` says how bright a picture is, ``other.keras`` the reverse."""
    filled_folder(folder)
    (folder / "other.keras").write_bytes((folder / "mine.keras").read_bytes())
    change_card(folder, labels=["BRIGHT", "DARK"])
    return folder


@pytest.fixture
def many(folder: Path) -> Path:
    greys = {"DARK": list(range(10, 120, 12)), "BRIGHT": list(range(130, 250, 12))}
    return write_flat_pictures(folder / "many", greys)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "models"


@pytest.fixture
def run(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("vistazo.training.evaluation.RESAMPLES", 40)
    monkeypatch.setattr("vistazo.training.paired.SWAPS", 60)

    def run_it(*arguments: str) -> Done:
        return run_vistazo(folder, cache, *arguments)

    return run_it


def change_card(folder: Path, **changes: Any) -> None:
    """Of ``other.keras``."""
    card = json.loads((folder / "mine.card.yaml").read_text())
    (folder / "other.card.yaml").write_text(json.dumps(card | changes))


def test_a_worse_model_is_told_with_a_status_of_its_own(run: Run, many: Path) -> None:
    status, printed, said = run("compare", "mine.keras", "other.keras", "many")
    assert status == 3
    assert "B is worse: the AUC of B is 0.0000, that of A 1.0000. B - A is -1.0000" in " ".join(
        printed.split()
    )
    assert "20 pictures in 20 groups. DARK: 10, BRIGHT: 10" in printed
    assert "Sensitivity is of BRIGHT." in printed
    assert "the AUC of B is under 0.5. Are its labels in the wrong order?" in printed
    assert "Traceback" not in said


def test_a_better_one_and_the_evidence_for_it_as_json(run: Run, many: Path) -> None:
    done = run("compare", "other.keras", "mine.keras", "many", "--by", "brier", "--json")
    document = json.loads(done.printed)
    assert (done.status, document["verdict"], document["by"]) == (0, "better", "brier")
    assert document["figures"]["brier"]["difference"]["high"] < 0
    assert document["figures"]["accuracy"]["p"] == pytest.approx(2 / 2**20, abs=1e-4)
    assert document["figures"]["sensitivity"]["p"] is None
    assert document["data"]["compared_per_label"] == {"BRIGHT": 10, "DARK": 10}


def test_the_same_model_twice_differs_in_nothing(run: Run) -> None:
    status, printed, _ = run("compare", "mine.keras", "mine.keras", "pictures")
    assert status == 0
    assert "A and B are the same model with the same card: nothing can differ." in printed
    assert "0.0000 (0.0000 to 0.0000)     1.0000" in printed


def test_few_pictures_or_groups_show_nothing_and_it_says_so(run: Run) -> None:
    grouped = ("--group", r"picture-\d(\d?)")
    status, printed, _ = run("compare", "mine.keras", "other.keras", "pictures", *grouped)
    assert status == 0
    assert "No difference that 6 pictures can show" in printed
    assert "6 pictures in 1 groups" in printed
    assert "with fewer than 6 groups no difference can ever be shown" in printed


def test_what_one_model_refuses_is_reported_and_left_out(
    run: Run, folder: Path, many: Path
) -> None:
    (many / "DARK" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    change_card(folder, input={"height": 8, "width": 8, "colour": "grey", "scale": "1/127.5-1"})
    status, printed, said = run("compare", "mine.keras", "other.keras", "many", "--by", "auc")
    assert status == 1
    assert said.count("DARK/broken.png cannot be classified") == 2
    assert "1 left out: 1 could not be classified by A, 1 by B." in printed


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two models and pictures, for commands that change nothing."""
    folder = two_models(tmp_path_factory.mktemp("looked-at"))
    np.savez(folder / "p.npz", test_images=np.zeros((2, 40, 40)), test_labels=[[0], [1]])
    return folder


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mine.keras", "pictures"), "Missing argument 'DATA'"),
        (("mine.keras", "none.keras", "pictures"), "no model at none.keras"),
        (("mine.keras", "other.keras", "nowhere"), "neither a folder nor an .npz file"),
        (("mine.keras", "other.keras", "pictures", "--by", "recall"), "'recall' is not one of"),
        (("mine.keras", "other.keras", "pictures", "--group", "(x"), "no regular expression"),
        (("mine.keras", "other.keras", "pictures", "--group", "x"), "a pair of round brackets"),
        (
            ("mine.keras", "other.keras", "pictures", "--group", "(x)"),
            "has a name that '(x)' matches",
        ),
        (("mine.keras", "other.keras", "p.npz"), "Give a folder for each label instead"),
        (
            ("mine.keras", "other.keras", "--group", "(x)", "--training", "t.yaml"),
            "--training says itself what belongs together",
        ),
    ],
)
def test_a_mistake_is_told_in_words_with_exit_status_2(
    arguments: tuple[str, ...], said: str, looked_at: Path, cache: Path
) -> None:
    status, _, printed = run_vistazo(looked_at, cache, "compare", *arguments)
    assert status == 2
    assert said in printed
    assert "Traceback" not in printed


def test_models_of_other_labels_are_refused_before_any_work(run: Run, folder: Path) -> None:
    change_card(folder, labels=["dark", "BRIGHT"])
    status, _, said = run("compare", "mine.keras", "other.keras", "nowhere")
    assert status == 2
    assert "A has the labels DARK, BRIGHT, and B has dark, BRIGHT." in said


def test_a_requirement_that_is_not_met_shuts_the_gate(run: Run, folder: Path) -> None:
    asked = ("evaluate", "mine.keras", "pictures", "--require", "auc=0.8")
    status, printed, _ = run(*asked)
    assert status == 0
    assert "  met      auc >= 0.8: 0.8889" in printed
    status, printed, _ = run(*asked, "--require", "brier=0.1", "--out", "here")
    assert status == 3
    assert "  NOT MET  brier <= 0.1: 0." in printed
    written = json.loads((folder / "here" / "evaluation.json").read_text())
    assert [each["is_met"] for each in written["requirements"]] == [True, False]


def test_a_shut_gate_counts_more_than_a_picture_that_was_left_out(run: Run, folder: Path) -> None:
    (folder / "pictures" / "DARK" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    asked = ("evaluate", "mine.keras", "pictures", "--require")
    assert run(*asked, "auc=0.8").status == 1
    assert run(*asked, "auc=0.9").status == 3


def test_a_requirement_that_is_none_is_refused_before_any_work(run: Run, folder: Path) -> None:
    status, _, said = run("evaluate", "nowhere.keras", "nowhere", "--require", "acc=0.9")
    assert status == 2
    assert "'acc' is no figure. Known are auc, accuracy" in said


def test_groups_by_name_make_the_intervals_wider(run: Run) -> None:
    asked = ("evaluate", "mine.keras", "pictures", "--json")
    alone, grouped = (
        json.loads(run(*asked, *more).printed)["all"] for more in ((), ("--group", r"picture-(\d)"))
    )
    assert (alone["groups"], grouped["groups"]) == (6, 3)
    assert alone["auc"]["value"] == grouped["auc"]["value"]
    assert alone["auc"]["low"] != grouped["auc"]["low"]

"""vistazo score, as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from archives import films_in
from builders import encoded, flat, write_brightness_model
from command_line import Done, run_here
from served_samples import write_text_model
from vistazo.cli.score import _Shown

Score = Callable[..., Done]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("score")
    write_brightness_model(folder / "mine.keras")
    films_in(folder / "films")
    (folder / "sound").mkdir()
    (folder / "sound" / "a.png").write_bytes(encoded(flat(200)))
    return folder


@pytest.fixture(scope="module")
def score(place: Path) -> Score:
    environment = {"CACHE_DIR": str(place / "cache"), "MODEL_PATH": "mine.keras", "THREADS": "2"}
    return lambda *arguments: run_here(("score", *arguments), environment, place)


def test_an_archive_is_scored_told_and_left_as_it_is_the_next_time(
    score: Score, place: Path
) -> None:
    done = score("films", "out.csv")
    assert done.returncode == 1
    assert done.stdout.startswith("out.csv: 24 pictures, 3 of them without an answer; ")
    assert "Skipped, no PNG" in done.stderr
    written = (place / "out.csv").read_bytes()
    again = score("films", "out.csv", "--json")
    assert again.returncode == 1
    manifest = json.loads(again.stdout)
    assert manifest == json.loads((place / "out.csv.manifest.json").read_text())
    assert manifest["engine"] == "local"
    assert "done before" in score("films", "out.csv").stdout
    assert (place / "out.csv").read_bytes() == written
    other = score("sound", "out.csv")
    assert (other.returncode, other.stdout) == (2, "")
    assert "of another archive" in other.stderr


def test_where_all_is_answered_the_exit_status_says_so(score: Score, place: Path) -> None:
    done = score("sound", "out.jsonl/")
    assert (done.returncode, done.stdout[:22]) == (0, "out.jsonl/: 1 picture;")
    assert (place / "out.jsonl" / "part-000000.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("films", "out.xlsx"), "file of these: .csv, .jsonl, .parquet"),
        (("films", "nowhere/out.csv"), "There is no folder nowhere"),
        (("nowhere", "out.csv"), "No such file or directory"),
        (("films/00.png", "out.csv"), "that is for vistazo predict"),
        (("films", "out.csv", "--workers", "2"), "are for --engine ray"),
        (("films", "out.csv", "--shard-files", "0"), "0 is not in the range"),
        (("films", "out.csv", "--engine", "spark"), "'spark' is not one of"),
    ],
)
def test_what_cannot_be_done_is_said_before_a_model_is_read(
    place: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = run_here(("score", *arguments), {"MODEL_PATH": "not-there.keras"}, place)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_ray_the_engine_says_what_to_install(
    score: Score, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    done = score("sound", "on-ray.csv", "--engine", "ray")
    assert done.returncode == 2
    assert "pip install -r scripts/requirements/ray.txt" in done.stderr
    assert not (place / "on-ray.csv").exists()


def test_a_model_of_texts_is_refused_in_words(place: Path) -> None:
    write_text_model(place / "news.joblib")
    environment = {"CACHE_DIR": str(place / "cache"), "MODEL_PATH": "news.joblib"}
    done = run_here(("score", "films", "texts.csv"), environment, place)
    assert done.returncode == 2
    assert "takes texts, and no pictures" in done.stderr


def test_whoever_stops_it_is_told_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    shown = _Shown()
    shown.scored(12, 24)
    with pytest.raises(KeyboardInterrupt), shown.told_how_to_go_on():
        raise KeyboardInterrupt
    assert capsys.readouterr().err == (
        "Stopped after 12 of 24. The same command goes on from there.\n"
    )

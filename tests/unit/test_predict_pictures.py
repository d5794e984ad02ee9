"""vistazo predict, of pictures: every way of writing answers, and of being stopped."""

from __future__ import annotations

import csv
import inspect
import io
import json
import os
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from builders import BrightnessEngine, brightness_classifier, encoded, flat
from sample_models import text_model
from vistazo.classifier import Classifier
from vistazo.cli import predict as predict_module
from vistazo.cli.picture_answers import Wanted, predict_pictures
from vistazo.cli.picture_files import in_words, picture_files
from vistazo.engines.base import Outputs
from vistazo.errors import ModelNotFoundError, SettingsError
from vistazo.observer import NOBODY, Observer
from vistazo.pictures.folders import Skipped
from vistazo.pictures.formats import ACCEPTED, SUFFIXES
from vistazo.rows import parquet
from vistazo.rows.answered_by import AnsweredBy
from vistazo.rows.csv_cells import csv_line
from vistazo.service.settings import Settings

GREYS = {f"{grey:03}.png": grey for grey in range(5, 245, 12)}


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    for name, grey in GREYS.items():
        (folder / name).write_bytes(encoded(flat(grey)))
    (folder / "100.png").write_bytes(b"text")
    return folder


def predict(
    films: Path,
    style: str | None = None,
    output: Path | None = None,
    classifier: Classifier | None = None,
    threads: int = 2,
    explain: Path | None = None,
    goes_below: bool = True,
) -> int:
    settings = Settings.model_validate({"threads": threads})
    wanted = Wanted(style, output, explain, None, goes_below)
    return predict_pictures(classifier or brightness_classifier(), [films], settings, wanted)


class StoppedAt(BrightnessEngine):
    """By Ctrl-C, when it is to run once more."""

    def __init__(self, runs: int) -> None:
        super().__init__()
        self._most = runs

    def run(self, images: NDArray[np.float32]) -> Outputs:
        if self.runs == self._most:
            raise KeyboardInterrupt
        return super().run(images)


def names(films: Path) -> list[str]:
    return [str(films / name) for name in sorted({*GREYS, "100.png"})]


def test_every_style_has_a_row_for_every_picture(
    films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict(films, "json") == 1
    text = capsys.readouterr().out
    array = json.loads(text)
    assert text == json.dumps(array, indent=2, ensure_ascii=False) + "\n"
    assert predict(films, "jsonl") == 1
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == array
    assert predict(films, "csv") == 1
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert predict(films) == 1
    lines = capsys.readouterr().out.splitlines()
    for of in ([row["file"] for row in array], [row["file"] for row in table]):
        assert of == names(films)
    assert [line.split("  ")[0] for line in lines] == names(films)
    assert [row["predicted_class"] for row in table] == [
        r.get("predicted_class", "") for r in array
    ]
    assert {row["model"] for row in table} == {"brightness"}
    assert {row["model_version"] for row in table} == {"1.0.0"}
    assert {row["model_sha256"] for row in table} == {"0" * 64}
    assert {float(row["threshold"]) for row in table} == {0.5}


def test_what_is_printed_as_csv_is_what_is_written(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predict(films, "csv")
    printed = capsys.readouterr().out
    predict(films, output=tmp_path / "answers.csv")
    assert printed == (tmp_path / "answers.csv").read_bytes().decode()


def test_a_model_of_more_than_two_labels_has_no_threshold(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    several = brightness_classifier(labels=["A", "B", "C"], output={"kind": "multilabel"})
    by = AnsweredBy.of(several)
    assert (by.model, by.threshold) == ("brightness", None)
    assert csv_line([*by.as_fields().values()]).endswith(",\r\n")


def test_the_names_of_files_are_no_formulas_in_csv_and_command_no_terminal(
    films: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    formula, commanding = "=HYPERLINK(A2).png", "+\x1b[2J"
    (films / formula).write_bytes(encoded(flat(230)))
    (films / f"{commanding}.png").write_bytes(encoded(flat(230)))
    (films / f"{commanding}.txt").touch()
    monkeypatch.chdir(films)
    predict(Path(), "csv")
    said = capsys.readouterr()
    assert f"'{formula}" in {row["file"] for row in csv.DictReader(io.StringIO(said.out))}
    assert said.err.endswith(" by their names: +?[2J.txt\n")
    predict(Path())
    assert "+?[2J.png           BRIGHT" in capsys.readouterr().out


def test_what_is_skipped_in_a_folder_is_named(
    films: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (films / "below").mkdir()
    (films / "below" / "100.png").write_bytes(encoded(flat(100)))
    for name in ("labels.txt", "film.gif", ".hidden", "folder.lnk"):
        (films / name).touch()
    assert predict(films) == 1
    said = capsys.readouterr()
    assert f"Skipped, no {ACCEPTED} by their names: {films / 'film.gif'}, " in said.err
    assert str(films / "labels.txt") in said.err
    assert "hidden" not in said.err
    assert str(films / "below" / "100.png") in said.out
    assert predict(films, goes_below=False) == 1
    said = capsys.readouterr()
    assert f"Skipped, as --no-recursive says: {films / 'below'}\n" in said.err
    assert "below" not in said.out
    monkeypatch.setattr(os, "scandir", unreadable(os.scandir, films / "below"))
    assert predict(films) == 1
    said = capsys.readouterr()
    assert f"Skipped, as they cannot be looked into: {films / 'below'}\n" in said.err


def test_what_cannot_be_looked_into_is_named_alone_and_a_link_for_what_it_is(
    tmp_path: Path,
) -> None:
    (tmp_path / "below").mkdir()
    for name in ("a.png", "below/b.png"):
        (tmp_path / name).touch()
    (tmp_path / "below" / "round.png").symlink_to("round.png")
    (tmp_path / "below" / "nowhere.png").symlink_to("nowhere")
    (tmp_path / "link").symlink_to("below")
    skipped = Skipped()
    found = list(picture_files([tmp_path], skipped))
    assert found == [tmp_path / "a.png", tmp_path / "below" / "b.png"]
    unread = ", ".join(str(tmp_path / "below" / name) for name in ("nowhere.png", "round.png"))
    assert sorted(in_words(skipped)) == [
        f"Skipped, as they are links to folders: {tmp_path / 'link'}",
        f"Skipped, as they cannot be looked into: {unread}",
    ]


def test_folders_may_lie_in_one_another_deeper_than_calls_may(tmp_path: Path) -> None:
    film = tmp_path.joinpath(*"a" * 200, "film.png")
    film.parent.mkdir(parents=True)
    film.touch()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 150)
    try:
        assert list(picture_files([tmp_path])) == [film]
    finally:
        sys.setrecursionlimit(limit)


def unreadable(scandir: Any, folder: Path) -> Any:
    def look(path: Path) -> Any:
        if path == folder:
            raise PermissionError
        return scandir(path)

    return look


def test_of_many_that_are_skipped_some_are_named_and_all_are_counted(tmp_path: Path) -> None:
    skipped = Skipped()
    for number in range(25):
        (tmp_path / f"{number:02}.txt").touch()
    (tmp_path / "film.png").touch()
    assert list(picture_files([tmp_path], skipped)) == [tmp_path / "film.png"]
    [line] = in_words(skipped)
    assert line.count(".txt") == 10
    assert line.endswith(" and 15 more")


def test_a_folder_whose_pictures_are_all_below_says_what_would_find_them(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "film.png").touch()
    with pytest.raises(click.UsageError, match="leave out --no-recursive"):
        list(picture_files([tmp_path], goes_below=False))


@pytest.mark.parametrize("styles", [("--csv", "--json"), ("--json", "--jsonl"), ("--csv", "--csv")])
def test_answers_are_printed_in_one_way(styles: tuple[str, str]) -> None:
    ended = CliRunner().invoke(predict_module.command, [*styles, "--model", "nowhere.h5", "a.png"])
    if styles[0] == styles[1]:
        assert isinstance(ended.exception, ModelNotFoundError)
    else:
        assert ended.exit_code == 2
        assert "printed in one way: choose --" in ended.output


@pytest.mark.parametrize("style", ["json", "jsonl"])
def test_what_is_printed_can_be_read_where_a_run_is_stopped(
    films: Path, capsys: pytest.CaptureFixture[str], style: str
) -> None:
    with pytest.raises(KeyboardInterrupt):
        predict(films, style, classifier=brightness_classifier(StoppedAt(7)), threads=1)
    said = capsys.readouterr()
    rows = json.loads(said.out) if style == "json" else said.out.splitlines()
    assert len(rows) == 7
    assert "Stopped after 7 of 21. With --output FILE" in said.err


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_run_that_is_stopped_is_gone_on_with_by_the_same_command(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    output, engine = tmp_path / f"answers.{kind}", BrightnessEngine()
    with pytest.raises(KeyboardInterrupt):
        predict(films, output=output, classifier=brightness_classifier(StoppedAt(12)), threads=1)
    assert "Stopped after 13 of 21. The same command goes on from there." in capsys.readouterr().err
    assert predict(films, output=output, classifier=brightness_classifier(engine)) == 1
    assert engine.runs == len(GREYS) - 12
    assert f"{output}: 21 pictures, 1 of them without an answer" in capsys.readouterr().out
    at_once = tmp_path / f"at_once.{kind}"
    predict(films, output=at_once)
    assert output.read_bytes() == at_once.read_bytes()
    assert predict(films, output=output, classifier=brightness_classifier(engine)) == 1
    assert engine.runs == len(GREYS) - 12  # all are there


def test_another_folder_may_be_added_and_is_counted_by_itself(
    films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output, other = tmp_path / "answers.jsonl", tmp_path / "other"
    other.mkdir()
    (other / "a.png").write_bytes(encoded(flat(200)))
    assert predict(films, output=output) == 1
    assert predict(other, output=output) == 0
    assert f"{output}: 1 picture\n" in capsys.readouterr().out
    assert len(output.read_bytes().splitlines()) == 22


def test_heatmaps_of_a_run_that_goes_on_have_the_names_that_they_would_have_had(
    films: Path, tmp_path: Path
) -> None:
    (films / "more").mkdir()
    (films / "more" / "005.png").write_bytes(encoded(flat(200)))
    output, maps = tmp_path / "answers.csv", tmp_path / "maps"
    model = brightness_classifier(StoppedAt(8))
    with pytest.raises(KeyboardInterrupt):
        predict(films, output=output, classifier=model, threads=1, explain=maps)
    done = {path.name for path in maps.iterdir()}
    predict(films, output=output, explain=maps)
    assert {path.name for path in maps.iterdir()} > done
    assert (maps / "005.png.2.png").exists()


class Refuses:
    """A classifier that has one answer, at once."""

    def __init__(self) -> None:
        inner = brightness_classifier()
        self.card, self.identity, self.baseline = inner.card, inner.identity, None
        self.signature = inner.signature
        self.out_of_distribution = "warn"
        self._answer = inner.classify(encoded(flat(230)))

    def classify(self, data: bytes, observer: Observer = NOBODY) -> Any:
        del data, observer
        return self._answer


def peak_bytes(folder: Path, output: Path) -> int:
    tracemalloc.start()
    try:
        assert predict(folder, output=output, classifier=Refuses()) == 0  # type: ignore[arg-type]
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def linked(folder: Path, count: int) -> Path:
    folder.mkdir()
    first = folder / "00000.png"
    first.write_bytes(encoded(flat(230, 8, 8)))
    for number in range(1, count):
        os.link(first, folder / f"{number:05}.png")
    return folder


@pytest.mark.longer
def test_fifty_thousand_films_take_no_more_memory_than_their_names(tmp_path: Path) -> None:
    few = peak_bytes(linked(tmp_path / "few", 500), tmp_path / "few.csv")
    many = peak_bytes(linked(tmp_path / "many", 50_000), tmp_path / "many.csv")
    assert len((tmp_path / "many.csv").read_bytes().splitlines()) == 50_001
    assert many - few < 160 * 50_000


def test_a_folder_gives_its_pictures_of_every_format(tmp_path: Path) -> None:
    for suffix in (*SUFFIXES, ".TIF", ".gif", ".heic"):
        (tmp_path / f"film{suffix}").touch()
    found = {path.suffix for path in picture_files([tmp_path])}
    assert found == {*SUFFIXES, ".TIF"}


def test_the_pictures_of_a_folder_are_found_by_name_and_none_of_a_program_s(films: Path) -> None:
    for name in ("200", "A", ".hidden", "__MACOSX"):
        (films / name / "deep").mkdir(parents=True)
        (films / name / "deep" / "x.JPG").write_bytes(b"")
        (films / name / "notes.txt").write_bytes(b"")
    (films / "A" / "round").symlink_to(films)
    (films / "lost.png").symlink_to(films / "nowhere.png")
    (films / "link.png").symlink_to(films / "100.png")
    (films / "folder.png").mkdir()
    found = list(picture_files([films]))
    every = {path for path in films.rglob("*") if path.suffix.lower() in {".png", ".jpg"}}
    expected = sorted(
        path
        for path in every
        if path.is_file() and not {".hidden", "__MACOSX", "round"} & set(path.parts)
    )
    assert found == expected
    assert films / "200" / "deep" / "x.JPG" in found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--output", "answers.txt"), ".csv, .jsonl, .parquet"),
        (("--output", "answers"), ".csv, .jsonl, .parquet"),
        (("--output", "answers.csv", "--json"), "leave out --json"),
        (("--output", "nowhere/answers.csv"), "no folder nowhere"),
        (("--output", "films"), "is a directory"),
    ],
)
def test_an_output_that_cannot_be_is_told_before_a_model_is_read(
    films: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(films.parent)
    monkeypatch.setattr(predict_module, "load_model", lambda *_: pytest.fail("it was read"))
    done = CliRunner().invoke(predict_module.command, [*arguments, "films"])
    assert done.exit_code == 2
    assert said in done.output


def test_output_is_for_pictures(films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(films.parent)
    monkeypatch.setattr(predict_module, "load_model", lambda *_: text_model())
    arguments = ["--output", "answers.csv", "texts.json"]
    done = CliRunner().invoke(predict_module.command, arguments)
    assert "are for pictures" in done.output
    assert not Path("answers.csv").exists()


# ---- Parquet


def test_without_pyarrow_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match="pip install pyarrow"):
        parquet.check_installed()


def parquet_rows(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist()
    )
    return found


def test_parquet_has_numbers_and_is_there_once_all_is_done(films: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    output = tmp_path / "answers.parquet"
    with pytest.raises(KeyboardInterrupt):
        predict(films, output=output, classifier=brightness_classifier(StoppedAt(7)), threads=1)
    assert [path.name for path in tmp_path.glob("answers*")] == ["answers.parquet.partial.jsonl"]
    assert predict(films, output=output) == 1
    assert [path.name for path in tmp_path.glob("answers*")] == ["answers.parquet"]
    rows = parquet_rows(output)
    assert [row["file"] for row in rows] == names(films)
    assert rows[0]["BRIGHT"] == pytest.approx(5 / 255)
    assert rows[8]["error"]
    assert rows[8]["confidence"] is None


def test_a_parquet_file_is_added_to_and_that_of_another_model_refused(
    films: Path, tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow")
    output, engine = tmp_path / "answers.parquet", BrightnessEngine()
    predict(films, output=output)
    before = parquet_rows(output)
    (films / "new.png").write_bytes(encoded(flat(77)))
    predict(films, output=output, classifier=brightness_classifier(engine))
    assert engine.runs == 1
    assert parquet_rows(output)[:-1] == before
    written = output.read_bytes()
    other = brightness_classifier(sha256="b" * 64)
    with pytest.raises(SettingsError, match="another model"):
        predict(films, output=output, classifier=other)
    assert output.read_bytes() == written
    assert not parquet.partial_of(output).exists()
    labelled = brightness_classifier(labels=["A", "B"])
    with pytest.raises(SettingsError, match="another"):
        predict(films, output=output, classifier=labelled)
    output.write_bytes(b"notes")
    with pytest.raises(SettingsError, match="Name another file"):
        predict(films, output=output)
    assert output.read_bytes() == b"notes"
    assert not parquet.partial_of(output).exists()

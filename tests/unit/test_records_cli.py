"""vistazo records, as a person uses it, while the service writes."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kept_answers import LAB, answer, kept_in, rows, said
from vistazo.classifier import ModelIdentity
from vistazo.cli import vistazo
from vistazo.cli.time_span import Moment
from vistazo.errors import SettingsError

NEXT = ModelIdentity("pneumonia", "2.0.0", "cd" * 32)
LEAVES = ModelIdentity("=1+1", "1.0.0", "ef" * 32)
YEAR_DAYS = 365.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A service is running."""
    place = tmp_path_factory.mktemp("records")
    with kept_in(place, keep_days=10 * YEAR_DAYS) as records:
        records.keep(answer("old", age_days=2 * YEAR_DAYS))
        records.keep(answer("wrong"))
        records.keep(answer("right", caller=LAB, model=NEXT))
        records.keep(answer("-formula", says="@SUM(1)", labels=("@SUM(1)", "b,\n"), model=LEAVES))
        records.judge(said("NORMAL", "wrong")).result(5)
        records.judge(said("PNEUMONIA", "right", caller=LAB)).result(5)
        yield place


def run(*words: str, folder: Path | None = None) -> Result:
    where = {"RECORDS_DIR": "" if folder is None else str(folder)}
    return CliRunner().invoke(vistazo, ["records", *words], env=where, standalone_mode=False)


def ids(folder: Path, *options: str) -> list[str]:
    done = run("export", "--jsonl", *options, folder=folder)
    assert done.exception is None
    return [json.loads(line)["request_id"] for line in done.stdout.splitlines()]


def test_an_answer_is_found_by_each_thing_that_is_kept_of_it(folder: Path) -> None:
    year = datetime.fromtimestamp(time.time() - YEAR_DAYS * 86_400, UTC).strftime("%Y-%m")
    assert ids(folder) == ["old", "wrong", "right", "-formula"]
    assert ids(folder, "--until", year) == ["old"]
    assert ids(folder, "--since", year, "--model", "pneumonia") == ["wrong", "right"]
    assert ids(folder, "--model", "2.0.0") == ids(folder, "--model", "cdcd") == ["right"]
    assert ids(folder, "--caller", "lab", "--label", "PNEUMONIA") == ["right"]
    assert ids(folder, "--disagreeing") == ["wrong"]
    assert ids(folder, "--judged") == ["wrong", "right"]
    assert ids(folder, "--model", "' OR 1 --") == ids(folder, "--label", "NORMAL") == []


def test_a_csv_is_one_that_no_spreadsheet_takes_for_a_formula(folder: Path) -> None:
    done = run("export", folder=folder)
    found = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    assert [row["request_id"] for row in found] == ["old", "wrong", "right", "'-formula"]
    last = found[-1]
    assert (last["model"], last["predicted_class"]) == ("'=1+1", "'@SUM(1)")
    assert json.loads(last["probabilities"]) == {"@SUM(1)": 0.9, "b,\n": 0.1}
    assert (found[1]["label"], found[1]["agrees"]) == ("NORMAL", "false")
    assert (found[2]["agrees"], found[0]["agrees"]) == ("true", "")
    assert found[0]["time"].endswith("Z")


def test_the_list_is_for_people_and_says_what_was_true(folder: Path) -> None:
    lines = run("list", "--most", "3", folder=folder).stdout.splitlines()
    assert len(lines) == 3
    assert "wrong  ward  pneumonia 1.0.0 abababab  PNEUMONIA  90.0%  (uncertain)" in lines[0]
    assert lines[0].endswith("was NORMAL")
    assert lines[1].endswith("was so")
    assert "No such answer" in run("list", "--model", "none", folder=folder).stderr


def test_worth_is_shown_of_each_model(folder: Path) -> None:
    done = run("worth", folder=folder)
    assert "1 of 2 answers were judged" in done.stdout
    assert "accuracy 0.000 (0.000 to 0.793)" in done.stdout
    assert "0 of 1 answers were judged" in done.stdout
    only = run("worth", "--model", "2.0.0", folder=folder).stdout
    assert "accuracy 1.000" in only
    assert "0.000 (" not in only
    assert run("worth", "--model", "none", folder=folder).exception is None


def test_a_request_is_forgotten_while_the_service_runs(tmp_path: Path) -> None:
    with kept_in(tmp_path) as records:
        for name in ("kept", "gone"):
            records.keep(answer(name))
        records.judge(said("NORMAL", "gone")).result(5)
        assert run("forget", "gone", folder=tmp_path).stdout == "1 answer is forgotten.\n"
        nothing = run("forget", "gone", folder=tmp_path)
        assert nothing.return_value == 1
        records.keep(answer("later"))
    assert rows(tmp_path, "request_id") == [("kept",), ("later",)]


def test_where_there_are_no_records_the_words_say_what_to_do(tmp_path: Path) -> None:
    assert "RECORDS_DIR" in str(run("list").exception)
    with pytest.raises(SettingsError, match="holds no records"):
        raise run("list", "--dir", str(tmp_path)).exception or AssertionError
    (tmp_path / "records.sqlite").write_bytes(b"no database" * 100)
    for words in (("list",), ("export",), ("worth",), ("forget", "x")):
        refused = run(*words, folder=tmp_path).exception
        assert isinstance(refused, SettingsError)
        assert "not a database" in str(refused)
    assert [each.name for each in tmp_path.iterdir()] == ["records.sqlite"]


@pytest.mark.parametrize(
    ("word", "start", "end"),
    [
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-05", "2026-05-01", "2026-06-01"),
        ("2025-12", "2025-12-01", "2026-01-01"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        ("2026-05-31T14:00", "2026-05-31T14:00", "2026-05-31T14:00"),
        ("2026-05-31T14:00+02:00", "2026-05-31T12:00", "2026-05-31T12:00"),
    ],
)
def test_a_month_that_is_named_is_all_of_it(word: str, start: str, end: str) -> None:
    for moment, expected in ((Moment(), start), (Moment(is_end=True), end)):
        at = datetime.fromisoformat(expected).replace(tzinfo=UTC)
        assert moment.convert(word, None, None) == at.timestamp() * 1000


@pytest.mark.parametrize("word", ["", "may", "2026-13", "2026-02-30", "26", "9999999", "today"])
def test_what_is_no_time_is_refused_in_words(tmp_path: Path, word: str) -> None:
    assert "is no time" in str(run("list", "--since", word, folder=tmp_path).exception)

"""What is kept of answers, whatever becomes of the disk, the file and the process."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kept_answers import LAB, MODEL, WARD, answer, kept_in, rows, said
from vistazo.errors import (
    FeedbackNotKeptError,
    QueueFullError,
    SettingsError,
    UnknownLabelError,
    UnknownRequestError,
)
from vistazo.service.records import database, retention, waiting_room, writer
from vistazo.service.records.kept_pictures import picture_file
from vistazo.service.records.records import Records
from vistazo.service.records.settings import RecordsPolicy


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((database, "_PATIENCE_S"), (writer, "_PAUSE_S"), (writer, "_TOGETHER_S")):
        monkeypatch.setattr(module, name, 0.01)


def until(is_so: Any) -> None:
    deadline_s = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline_s
        time.sleep(0.002)


def full(records: Records) -> sqlite3.Connection:
    """Its disk takes nothing more."""
    held, _ = records._writer._file.opened()
    [pages] = held.execute("PRAGMA page_count").fetchone()
    held.execute(f"PRAGMA max_page_count = {pages}")
    return held


def many(count: int, **changes: Any) -> list[Any]:
    return [answer(f"r-{number}", **changes) for number in range(count)]


def test_an_answer_is_kept_with_its_model_its_key_and_its_doubts(tmp_path: Path) -> None:
    with kept_in(tmp_path / "records") as records:
        records.keep(answer("r-1"))
        records.keep(answer("r-1", 1, says="NORMAL", caller=LAB))
    columns = "request_id, place, caller, predicted_class, confidence, probabilities, warnings"
    assert rows(tmp_path / "records", columns) == [
        ("r-1", 0, "ward", "PNEUMONIA", 0.9, "[0.1, 0.9]", "uncertain"),
        ("r-1", 1, "lab", "NORMAL", 0.9, "[0.9, 0.1]", "uncertain"),
    ]
    assert records.written == {"answer": 2, "picture": 0, "feedback": 0}
    assert (tmp_path / "records").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "records" / "records.sqlite").stat().st_mode & 0o777 == 0o600


def test_feedback_finds_the_answer_that_was_given_just_before_and_the_last_word_counts(
    tmp_path: Path,
) -> None:
    with kept_in(tmp_path) as records:
        records.keep(answer("r-1"))
        assert records.judge(said("NORMAL")).result(5).agrees is False
        assert records.judge(said("PNEUMONIA")).result(5).agrees is True
        assert records.judged == {"true": 1, "false": 1}
        worth = records.worth(MODEL)
    assert (worth.answers, worth.labelled) == (1, 1)
    assert worth.accuracy
    assert worth.accuracy.value == 1
    assert rows(tmp_path, "label") == [("PNEUMONIA",)]


def test_of_two_answers_with_one_name_each_caller_speaks_of_his_own_last_one(
    tmp_path: Path,
) -> None:
    with kept_in(tmp_path) as records:
        for caller, says in ((WARD, "NORMAL"), (LAB, "NORMAL"), (WARD, "PNEUMONIA")):
            records.keep(answer("mine", says=says, caller=caller))
        judged = records.judge(said("PNEUMONIA", "mine")).result(5)
        assert (judged.predicted_class, judged.agrees) == ("PNEUMONIA", True)
        assert records.judge(said("PNEUMONIA", "mine", caller=LAB)).result(5).agrees is False
    assert rows(tmp_path, "owner, label") == [
        ("key:ward", None), ("key:lab", "PNEUMONIA"), ("key:ward", "PNEUMONIA"),
    ]  # fmt: skip


def test_who_answers_to_another_s_name_again_and_again_does_not_slow_him_down(
    tmp_path: Path,
) -> None:
    with kept_in(tmp_path) as records:
        records.keep(answer("mine"))
        for _ in range(50):
            records.keep(answer("mine", caller=LAB))
        assert records.judge(said("NORMAL", "mine")).result(5).agrees is False
        held, _ = records._writer._file.opened()
        [plan] = held.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM answers WHERE request_id = 'mine' AND place = 0"
            " AND owner = 'key:ward' ORDER BY id DESC LIMIT 1"
        ).fetchall()
    assert plan[3].endswith("answers_of_request (request_id=? AND place=? AND owner=?)")


@pytest.mark.parametrize("request_id", ["r-2", "", "r-1' OR 1 --", "\ud800", "é", "r" * 9_000])
def test_of_an_answer_that_nobody_gave_nothing_is_said(tmp_path: Path, request_id: str) -> None:
    with kept_in(tmp_path) as records:
        records.keep(answer("r-1"))
        for feedback in (said("NORMAL", request_id), said("NORMAL", index=1), said("X", "r-0")):
            with pytest.raises(UnknownRequestError):
                records.judge(feedback).result(5)
        with pytest.raises(UnknownRequestError):
            records.judge(said("NORMAL", caller=LAB)).result(5)
        for label in ("normal", "", "\ud800"):
            with pytest.raises(UnknownLabelError, match="NORMAL, PNEUMONIA"):
                records.judge(said(label)).result(5)
    assert rows(tmp_path, "label") == [(None,)]
    assert records.lost == {"answer": 0, "picture": 0}


def test_what_somebody_does_not_wait_for_any_more_is_written_all_the_same(tmp_path: Path) -> None:
    with kept_in(tmp_path) as records:
        records.keep(answer("r-1"))
        records.judge(said("NORMAL")).cancel()
        records.judge(said("NORMAL")).result(5)
    assert (records.lost["answer"], records.written["feedback"]) == (0, 2)


def test_answers_and_as_much_feedback_from_many_at_once_are_all_kept(
    tmp_path: Path,
) -> None:
    async def from_one(records: Records, number: int) -> int:
        agreed = 0
        for turn in range(20):
            records.keep(answer(f"{number}-{turn}"))
            label = "NORMAL" if turn % 5 == 0 else "PNEUMONIA"
            judging = records.judge(said(label, f"{number}-{turn}"))
            agreed += (await asyncio.wrap_future(judging)).agrees
        return agreed

    async def from_all(records: Records) -> list[int]:
        return await asyncio.gather(*(from_one(records, number) for number in range(40)))

    with kept_in(tmp_path) as records:
        assert asyncio.run(from_all(records)) == [16] * 40
    assert rows(tmp_path, "count(*), count(label)") == [(800, 800)]


def test_however_much_comes_at_once_what_waits_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_room, "_MOST_NUMBERS", 6_000)
    monkeypatch.setattr(waiting_room, "_MOST_FEEDBACK", 100)
    with kept_in(tmp_path) as records:
        with held_by_another(tmp_path):
            for each in many(600):
                records.keep(each)
            waiting = [records.judge(said("NORMAL", f"r-{number}")) for number in range(100)]
            with pytest.raises(QueueFullError):
                records.judge(said("NORMAL"))
            lost = records.lost["answer"]
        assert lost == 100
        for each in waiting:
            each.exception(10)
    assert rows(tmp_path, "count(*)") == [(600 - lost,)]


def held_by_another(folder: Path) -> closing[sqlite3.Connection]:
    """Locked, as by a program that makes a copy."""
    other = sqlite3.connect(folder / "records.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    return closing(other)


def test_while_another_program_holds_the_file_answers_wait_and_feedback_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with kept_in(tmp_path) as records:
        with held_by_another(tmp_path):
            for each in many(3):
                records.keep(each)
            with pytest.raises(FeedbackNotKeptError):
                records.judge(said("NORMAL", "r-1")).result(5)
            with pytest.raises(FeedbackNotKeptError):
                records.judge(said("NORMAL", "r-1")).result(5)
        assert records.judge(said("NORMAL", "r-1")).result(5).agrees is False
        assert records.lost["answer"] == 0
    assert rows(tmp_path, "request_id") == [("r-0",), ("r-1",), ("r-2",)]
    said_so = [each.message for each in caplog.records if "written" in each.message]
    assert said_so == ["records cannot be written", "records are written again"]


def test_a_full_disk_is_said_once_and_what_waited_is_written_when_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with kept_in(tmp_path) as records:
        held = full(records)
        for each in many(300):
            records.keep(each)
        with pytest.raises(FeedbackNotKeptError):
            records.judge(said("NORMAL", "r-1")).result(5)
        held.execute("PRAGMA max_page_count = 100000")
        records.judge(said("NORMAL", "r-1")).result(5)
    assert rows(tmp_path, "count(*), count(label)") == [(300, 1)]
    told = [each for each in caplog.records if "written" in each.message]
    assert [each.levelno for each in told] == [logging.ERROR, logging.WARNING]
    assert "full" in vars(told[0])["reason"]


def test_what_could_not_be_written_until_the_end_is_lost_and_counted(tmp_path: Path) -> None:
    records = Records.opened(RecordsPolicy(tmp_path))
    full(records)
    for each in many(300):
        records.keep(each)
    records.close()
    records.keep(answer("late"))
    assert records.lost["answer"] == 301
    assert records.written["answer"] == 0
    with pytest.raises(FeedbackNotKeptError):
        records.judge(said("NORMAL"))


@pytest.mark.parametrize("damage", ["garbage", "overwritten", "cut"])
def test_a_damaged_file_is_put_aside_and_never_deleted(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "records.sqlite"
    with kept_in(tmp_path) as records:
        for each in many(500):
            records.keep(each)
    whole = file.read_bytes()
    broken = {
        "garbage": b"no database" * 1_000,
        "overwritten": whole[:4096] + b"\xff" * (len(whole) - 4096),
        "cut": whole[: len(whole) // 3],
    }[damage]
    file.write_bytes(broken)
    with kept_in(tmp_path) as records:
        records.keep(answer("new"))
    [aside] = tmp_path.glob("records.sqlite.damaged-*Z")
    assert aside.read_bytes()[4096:] == broken[4096:]
    assert rows(tmp_path, "request_id") == [("new",)]
    assert [each.message for each in caplog.records if "put aside" in each.message]


def test_a_file_that_is_damaged_or_removed_under_a_running_service_is_begun_anew(
    tmp_path: Path,
) -> None:
    file = tmp_path / "records.sqlite"
    with kept_in(tmp_path) as records:
        records.keep(answer("r-1"))
        records.judge(said("NORMAL")).result(5)
        for suffix in ("", "-wal", "-shm"):
            file.with_name(file.name + suffix).unlink()
        records.keep(answer("r-2"))
        records.judge(said("NORMAL", "r-2")).result(5)
    assert rows(tmp_path, "request_id") == [("r-2",)]


def test_two_services_of_one_machine_share_a_folder(tmp_path: Path) -> None:
    with kept_in(tmp_path) as one, kept_in(tmp_path) as other:
        for number in range(50):
            one.keep(answer(f"one-{number}"))
            other.keep(answer(f"other-{number}"))
        one.judge(said("NORMAL", "one-49")).result(5)
        other.judge(said("NORMAL", "other-49")).result(5)
        assert one.judge(said("PNEUMONIA", "other-7")).result(5).agrees  # a balancer's choice
        assert (one.lost["answer"], other.lost["answer"]) == (0, 0)
        assert one.worth(MODEL).answers == 100
    assert rows(tmp_path, "count(*)") == [(100,)]


def test_many_processes_may_begin_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_PATIENCE_S", 5.0)
    opened: list[sqlite3.Connection] = []
    folder = tmp_path / "records"
    threads = [
        threading.Thread(target=lambda: opened.append(database.open_for_service(folder)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8
    for each in opened:
        assert each.execute("SELECT count(*) FROM answers").fetchone() == (0,)
        each.close()
    assert not list(folder.glob("*damaged*"))


def test_a_folder_that_cannot_be_used_is_refused_in_words_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/records")):
        with pytest.raises(SettingsError, match=r"RECORDS_DIR: .* cannot be used: .*empty"):
            Records.opened(RecordsPolicy(folder))
    with closing(sqlite3.connect(tmp_path / "records.sqlite")) as other:
        other.execute("CREATE TABLE theirs (x)")
    with pytest.raises(SettingsError, match="written by another program"):
        Records.opened(RecordsPolicy(tmp_path))
    assert not list(tmp_path.glob("*damaged*"))


def test_what_is_older_than_is_kept_goes_and_nobody_can_speak_of_it(tmp_path: Path) -> None:
    with kept_in(tmp_path, keep_days=1_000) as records:
        for age_days in (100, 91, 89, 0):
            records.keep(answer(f"{age_days}", age_days=age_days))
    with kept_in(tmp_path, keep_days=90) as records:
        until(lambda: rows(tmp_path, "request_id") == [("89",), ("0",)])
        with pytest.raises(UnknownRequestError, match="RECORDS_KEEP_DAYS"):
            records.judge(said("NORMAL", "91")).result(5)


def test_where_there_is_too_much_the_oldest_goes_and_the_file_becomes_smaller(
    tmp_path: Path,
) -> None:
    with kept_in(tmp_path, keep_days=10_000) as records:
        for number in range(3_000):
            records.keep(answer(f"r-{number}", age_days=3_000 - number))
            if number % 1_000 == 999:
                records.judge(said("NORMAL", f"r-{number}")).result(5)
    before = (tmp_path / "records.sqlite").stat().st_size
    with kept_in(tmp_path, keep_days=10_000, max_bytes=before // 2) as records:
        until(lambda: rows(tmp_path, "count(*)") < [(2_000,)])
        until(lambda: not records._writer._pruning.is_due())
    left = [int(name[2:]) for (name,) in rows(tmp_path, "request_id")]
    assert left == list(range(3_000 - len(left), 3_000))
    assert len(left) > 500
    assert (tmp_path / "records.sqlite").stat().st_size < before * 0.6


def test_a_picture_is_kept_only_where_that_was_set_and_goes_with_its_last_answer(
    tmp_path: Path,
) -> None:
    one, two = b"\x89PNG one", b"\x89PNG two"
    with kept_in(tmp_path, keep_days=1_000, keeps_pictures=True) as records:
        records.keep(answer("old", picture=one, age_days=100))
        records.keep(answer("older", picture=two, age_days=100))
        records.keep(answer("new", picture=one))
    [(kept,), (gone,), _] = rows(tmp_path, "picture")
    assert picture_file(tmp_path, kept).read_bytes() == one
    assert picture_file(tmp_path, kept).stat().st_mode & 0o777 == 0o600
    orphan = picture_file(tmp_path, "ff" * 32)
    orphan.parent.mkdir()
    orphan.write_bytes(b"of a process that was killed")
    with kept_in(tmp_path, keeps_pictures=True):
        until(lambda: not (picture_file(tmp_path, gone).exists() or orphan.exists()))
        assert picture_file(tmp_path, kept).exists()
    assert rows(tmp_path, "request_id, picture") == [("new", kept)]


def test_where_pictures_cannot_be_written_answers_are_kept_without_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "pictures").write_text("in the way")
    with kept_in(tmp_path, keeps_pictures=True) as records:
        for each in many(3, picture=b"\x89PNG"):
            records.keep(each)
    assert rows(tmp_path, "picture") == [(None,)] * 3
    assert records.lost == {"answer": 0, "picture": 3}
    assert [each.message for each in caplog.records] == ["pictures cannot be kept"]


def test_what_cannot_be_removed_is_said_once_and_holds_up_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any) -> bool:
        raise PermissionError("not yours")

    monkeypatch.setattr(writer, "prune", refuse)
    monkeypatch.setattr(writer, "_PRUNED_EACH_S", 0)
    with kept_in(tmp_path) as records:
        for number in range(5):
            records.keep(answer(f"r-{number}"))
            records.judge(said("NORMAL", f"r-{number}")).result(5)
    assert [each.message for each in caplog.records] == ["old records cannot be removed"]
    assert rows(tmp_path, "count(label)") == [(5,)]


def test_what_is_forgotten_is_nowhere_in_the_folder(tmp_path: Path) -> None:
    with kept_in(tmp_path, keeps_pictures=True) as records:
        for each in many(40):
            records.keep(each)
        records.keep(answer("to-be-forgotten", picture=b"\x89PNG secret"))
        records.keep(answer("to-be-forgotten", 1, picture=b"\x89PNG secret"))
        records.judge(said("NORMAL", "to-be-forgotten")).result(5)
        with database.existing(tmp_path) as held:
            assert retention.forget(held, tmp_path, "to-be-forgotten") == 2
            assert retention.forget(held, tmp_path, "to-be-forgotten") == 0
            with closing(sqlite3.connect(tmp_path / "records.sqlite")) as reader:
                reading = reader.execute("SELECT * FROM answers")
                records.keep(answer("seen-by-the-reader"))
                records.judge(said("NORMAL", "seen-by-the-reader")).result(5)
                with pytest.raises(SettingsError, match="Do this again"):
                    retention.forget(held, tmp_path, "seen-by-the-reader")
                reading.close()
        everything = b"".join(each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())
        assert b"to-be-forgotten" not in everything
        assert b"secret" not in everything
        records.judge(said("NORMAL", "r-7")).result(5)
    assert rows(tmp_path, "count(*)") == [(40,)]


def test_pictures_need_a_folder_to_be_kept_in() -> None:
    from vistazo.service.settings import Settings

    with pytest.raises(SettingsError, match="Set RECORDS_DIR"):
        _ = Settings.from_environment({"KEEP_PICTURES": "1"}).records_policy
    assert Settings.from_environment({}).records_policy is None
    policy = Settings.from_environment({"RECORDS_DIR": "kept", "KEEP_PICTURES": "1"}).records_policy
    assert policy == RecordsPolicy(Path(os.getcwd()) / "kept", keeps_pictures=True)  # noqa: PTH109

"""Archives: every picture has its row once, whatever is in the archive and whatever dies."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from archives import Silent, films_in, scored
from builders import BrightnessEngine, brightness_classifier, encoded, evenness, flat
from vistazo.engines.base import Outputs
from vistazo.errors import NotReadyError, SettingsError
from vistazo.pictures import ImageLimits
from vistazo.scale.archive import local_store
from vistazo.scale.archive.local_folder import LocalFolder
from vistazo.scale.archive.source import Entry
from vistazo.scale.archive.store import Save, Store

KINDS = pytest.mark.parametrize("kind", [".csv", ".jsonl", ".parquet"])


@pytest.fixture
def films(tmp_path: Path) -> Path:
    return films_in(tmp_path / "films")


def rows(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return list(pyarrow.parquet.read_table(path).to_pylist())
    text = path.read_bytes().decode()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return list(csv.DictReader(io.StringIO(text, newline="")))


def names(path: Path) -> list[str]:
    return [row["file"] for row in rows(path)]


def code_of(films: Path, name: str, tmp_path: Path, **options: Any) -> str | None:
    scored(films, tmp_path / "out.jsonl", **options)
    [row] = [row for row in rows(tmp_path / "out.jsonl") if row["file"] == name]
    return row.get("code")


@KINDS
def test_every_picture_has_its_row_in_the_order_of_the_names(
    films: Path, tmp_path: Path, kind: str
) -> None:
    output, watcher = tmp_path / f"out{kind}", Silent()
    manifest = scored(films, output, watcher=watcher)
    found = rows(output)
    assert [row["file"] for row in found] == sorted(row["file"] for row in found)
    assert len(found) == manifest.files == 24
    assert watcher.last == (24, 24)
    refused = {row["file"]: row["code"] for row in found if row.get("code")}
    assert refused == {
        "a/cut, \n.png": "corrupt_image",
        "a/empty.png": "corrupt_image",
        "b/text.jpg": "unsupported_format",
    }
    assert {int(row["size_bytes"]) for row in found if row["file"] == "b/text.jpg"} == {4}
    assert {row["model_sha256"] for row in found} == {"0" * 64}
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"films", output.name, f"{output.name}.manifest.json"}


def test_the_manifest_says_what_the_output_is(films: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    manifest = scored(films, output)
    assert json.loads((tmp_path / "out.csv.manifest.json").read_text()) == manifest.model_dump()
    assert manifest.failures == {"corrupt_image": 2, "unsupported_format": 1}
    assert manifest.classes == {"BRIGHT": 9, "DARK": 12}
    assert (manifest.answered, manifest.failed) == (21, 3)
    assert manifest.bytes_read == sum(file.stat().st_size for file in films.rglob("*.[jp]*g"))
    assert manifest.run.skipped == {"files": 1}
    assert [each.rows for each in manifest.shards] == [5, 5, 5, 5, 4]
    from vistazo.models.file_hash import sha256_of

    assert [each.sha256 for each in manifest.outputs] == [sha256_of(output)]


@KINDS
def test_a_name_with_a_slash_at_its_end_is_a_folder_of_the_parts(
    films: Path, tmp_path: Path, kind: str
) -> None:
    scored(films, tmp_path / f"whole{kind}")
    manifest = scored(films, f"{tmp_path}/parts{kind}/")
    parts = sorted((tmp_path / f"parts{kind}").glob(f"part-*{kind}"))
    assert [part.name for part in parts] == [each.name for each in manifest.outputs]
    together = [row for part in parts for row in rows(part)]
    assert together == rows(tmp_path / f"whole{kind}")
    others = {path.name for path in (tmp_path / f"parts{kind}").iterdir()} - {p.name for p in parts}
    assert others == {"_manifest.json"}  # whoever reads such folders leaves out what begins with _


class KilledAt:
    """A store, in a process that is killed just before, in the middle of, or after a write."""

    def __init__(self, store: Store, write: int, moment: str) -> None:
        self._store, self._left, self._moment = store, write, moment

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, name: str, save: Save) -> None:
        self._killed_around(lambda save: self._store.write(name, save), save)

    def create(self, name: str, save: Save) -> bool:
        done: list[bool] = []
        self._killed_around(lambda save: done.append(self._store.create(name, save)), save)
        return done[0]

    def remove(self, folder: str) -> None:
        if self._moment == "within":  # of this there is no half
            self._moment = "before"
        self._killed_around(lambda _: self._store.remove(folder), lambda _: None)

    def _killed_around(self, write: Callable[[Save], object], save: Save) -> None:
        self._left -= 1
        if self._left == 0 and self._moment == "before":
            raise KeyboardInterrupt
        if self._left == 0 and self._moment == "within":

            def half(path: Path) -> None:
                save(path)
                os.truncate(path, path.stat().st_size // 2)
                raise KeyboardInterrupt

            write(half)
        write(save)
        if self._left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("moment", ["before", "within", "after"])
def test_wherever_a_run_is_killed_the_next_ends_with_the_same_rows(
    films: Path, tmp_path: Path, moment: str
) -> None:
    scored(films, tmp_path / "undisturbed.jsonl")
    wanted = (tmp_path / "undisturbed.jsonl").read_bytes()
    for write in count(1):
        output = tmp_path / f"out{write}.jsonl"
        try:
            scored(films, output, wrap=lambda store, n=write: KilledAt(store, n, moment))
            break
        except KeyboardInterrupt:
            scored(films, output)
        assert output.read_bytes() == wanted, write
        assert not (tmp_path / f"{output.name}.work").exists()
    assert write > 9  # the plan, the run, five parts, the output, its manifest


def test_what_is_done_is_not_done_again(films: Path, tmp_path: Path) -> None:
    engine, output = BrightnessEngine(), tmp_path / "out.csv"
    model = brightness_classifier(engine)
    with pytest.raises(KeyboardInterrupt):  # after the plan, the run and three parts
        scored(films, output, wrap=lambda store: KilledAt(store, 5, "after"), threads=1)
    manifest = scored(films, output, model)
    assert manifest.scored_by_it == 9
    assert engine.runs <= 9
    assert scored(films, output, model).finished == manifest.finished
    assert engine.runs <= 9


def test_files_that_come_later_are_not_of_the_run(films: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt):
        scored(films, output, wrap=lambda store: KilledAt(store, 4, "after"))
    (films / "a" / "00a.png").write_bytes(encoded(flat(100)))
    assert scored(films, output).files == 24
    assert "a/00a.png" not in names(output)
    scored(films, tmp_path / "other.csv")
    assert "a/00a.png" in names(tmp_path / "other.csv")


OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "model": ({"model": brightness_classifier(sha256="b" * 64)}, "another model"),
    "threshold": ({"model": brightness_classifier(output={"threshold": 0.7})}, "another card"),
    "baseline": ({"model": brightness_classifier(baseline=evenness())}, "another baseline"),
    "bytes": ({"limits": ImageLimits(max_bytes=5000)}, "MAX_UPLOAD_BYTES=10000000"),
    "pixels": ({"limits": ImageLimits(max_pixels=5000)}, "MAX_PIXELS"),
    "shards": ({"shard_files": 6}, "--shard-files 5"),
    "folders": ({"goes_below": False}, "--no-recursive"),
    "runtime": ({"runtime": "another 1.0"}, "another engine"),
    "version": ({"vistazo": "9.9.9"}, "by Vistazo"),
}


@pytest.mark.parametrize("is_done", [False, True], ids=["begun", "done"])
@pytest.mark.parametrize(("other", "said"), OTHERS.values(), ids=OTHERS)
def test_a_run_goes_on_only_with_what_it_was_begun_with(
    films: Path, tmp_path: Path, other: dict[str, Any], said: str, is_done: bool
) -> None:
    output = tmp_path / "out.csv"
    with contextlib.nullcontext() if is_done else pytest.raises(KeyboardInterrupt):
        scored(films, output, wrap=lambda store: KilledAt(store, 0 if is_done else 4, "after"))
    before = {path: path.read_bytes() for path in tmp_path.rglob("out.csv*") if path.is_file()}
    with pytest.raises(SettingsError, match=said):
        scored(films, output, **other)
    assert before == {path: path.read_bytes() for path in before}
    with pytest.raises(SettingsError, match="another archive"):
        scored(films_in(tmp_path / "others"), output)


@pytest.mark.parametrize("name", ["out.csv", "out.csv/"])
def test_somebody_else_s_file_is_refused_and_left_as_it_is(
    films: Path, tmp_path: Path, name: str
) -> None:
    mine = tmp_path / "out.csv"
    if name.endswith("/"):
        mine.mkdir()
        mine /= "of-mine.csv"
    mine.write_text("of mine")
    with pytest.raises(SettingsError, match="Name another output"):
        scored(films, f"{tmp_path}/{name}")
    assert mine.read_text() == "of mine"


@pytest.mark.parametrize("what", ["part-000001.jsonl", "run.json", "plan"])
@pytest.mark.parametrize("how", ["cut", "changed"])
def test_a_damaged_part_or_plan_is_refused_in_words(
    films: Path, tmp_path: Path, what: str, how: str
) -> None:
    output = tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt):
        scored(films, output, wrap=lambda store: KilledAt(store, 5, "after"))
    [file] = (tmp_path / "out.csv.work").glob(f"{what}*")
    data = file.read_bytes()
    file.write_bytes(data[:-9] if how == "cut" else data[:-30] + b"0" + data[-29:])
    if what == "run.json" and how == "changed":
        file.write_bytes(b"{}")
    with pytest.raises(SettingsError) as caught:
        scored(films, output)
    assert str(tmp_path) in str(caught.value)
    assert not output.exists()
    if what.startswith("part"):
        assert "Delete it: the same command makes it again" in str(caught.value)
        file.unlink()
        scored(films, output)
        assert len(rows(output)) == 24


def test_two_runs_do_not_write_to_one_output(films: Path, tmp_path: Path) -> None:
    output, met = tmp_path / "out.csv", []

    class Second(KilledAt):
        def write(self, name: str, save: Save) -> None:
            if "part-000002" in name:
                with pytest.raises(SettingsError, match="Another run") as caught:
                    scored(films, output)
                met.append(caught)
            super().write(name, save)

    scored(films, output, wrap=lambda store: Second(store, 0, ""))
    assert met
    assert len(rows(output)) == 24


def test_a_full_disk_is_told_in_words_and_the_next_run_goes_on(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, opened = tmp_path / "out.csv", local_store.LocalStore._made

    @contextlib.contextmanager
    def full(self: local_store.LocalStore, save: Save) -> Iterator[Path]:
        if (tmp_path / "out.csv.work" / "part-000001.jsonl").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        with opened(self, save) as path:
            yield path

    with monkeypatch.context() as disk:
        disk.setattr(local_store.LocalStore, "_made", full)
        with pytest.raises(SettingsError, match="No space left") as caught:
            scored(films, output)
    assert "the same command goes on from there" in str(caught.value)
    assert scored(films, output).scored_by_it == 14


# Pictures are hostile until decoded, and so are files until read.


def test_names_that_are_no_text_and_names_of_two_lines_are_told(
    films: Path, tmp_path: Path
) -> None:
    if sys.platform != "linux":
        pytest.skip("such names are of Linux")
    Path(os.fsdecode(bytes(films) + b"/\xff\xfe.png")).write_bytes(encoded(flat(200)))
    scored(films, tmp_path / "out.csv")
    [row] = [row for row in rows(tmp_path / "out.csv") if "udcff" in row["file"]]
    assert row["predicted_class"] == "BRIGHT"
    assert "a/cut, \n.png" in names(tmp_path / "out.csv")


def test_five_gigabytes_are_not_read(films: Path, tmp_path: Path) -> None:
    with (films / "huge.png").open("wb") as file:
        file.truncate(5_000_000_000)
    assert code_of(films, "huge.png", tmp_path) == "upload_too_large"


def test_a_file_that_grows_after_its_size_was_asked_is_read_up_to_the_limit(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = os.stat(films / "00.png")  # noqa: PTH116
    (films / "00.png").write_bytes(bytes(3000))
    monkeypatch.setattr(os, "fstat", lambda _: small)
    archive = LocalFolder(films)
    with pytest.raises(Exception, match="over 2000 bytes"):
        archive.read(Entry("00.png", None), 2000)


CHANGES: dict[str, Callable[[Path], object]] = {
    "gone": str,
    "a folder": lambda file: file.mkdir(),
    "a pipe": os.mkfifo,
    "a circle": lambda file: file.symlink_to(file),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_file_that_cannot_be_read_any_more_is_a_row_and_waits_for_nobody(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    listed, file = LocalFolder.entries, films / "a" / "03.png"

    def entries(self: LocalFolder, skipped: Any) -> Iterator[Entry]:
        yield from listed(self, skipped)
        file.unlink()
        change(file)

    monkeypatch.setattr(LocalFolder, "entries", entries)
    assert code_of(films, "a/03.png", tmp_path) == "file_unreadable"
    assert len(rows(tmp_path / "out.jsonl")) == 24


def test_a_file_that_may_not_be_read_is_a_row(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refused(path: Any, *rest: Any, **more: Any) -> int:
        if str(path) == str(films / "a" / "03.png"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", refused)
    assert code_of(films, "a/03.png", tmp_path) == "file_unreadable"


def test_where_the_archive_is_gone_no_part_says_that_its_files_cannot_be_read(
    films: Path, tmp_path: Path
) -> None:
    output, away = tmp_path / "out.csv", tmp_path / "away"

    class Unmounted(KilledAt):
        def write(self, name: str, save: Save) -> None:
            super().write(name, save)
            if "part-000001" in name:
                films.rename(away)
                films.mkdir()

    with pytest.raises(SettingsError, match="There is nothing in"):
        scored(films, output, wrap=lambda store: Unmounted(store, 0, ""), threads=1)
    films.rmdir()
    away.rename(films)
    assert scored(films, output).failures == {"corrupt_image": 2, "unsupported_format": 1}


def test_a_defect_over_one_picture_costs_its_row_alone(
    films: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Defect(BrightnessEngine):
        def run(self, images: Any) -> Outputs:
            if abs(float(images.mean()) - 50 / 255) < 0.01:
                raise RuntimeError("of the runtime")
            return super().run(images)

    found = scored(films, tmp_path / "out.csv", brightness_classifier(Defect()))
    assert found.failures == {"corrupt_image": 2, "internal": 3, "unsupported_format": 1}
    assert "unexpected error over a picture" in caplog.text


def test_where_no_decoder_can_be_had_the_run_stops_and_no_picture_is_blamed(
    films: Path, tmp_path: Path
) -> None:
    class NoReader:
        def prepared(self, *_: Any) -> Any:
            raise NotReadyError("No process can be had that decodes pictures.")

        def picture(self, *_: Any) -> Any: ...

    with pytest.raises(NotReadyError):
        scored(films, tmp_path / "out.csv", brightness_classifier(reader=NoReader()))
    assert not (tmp_path / "out.csv.work" / "part-000000.jsonl").exists()


def test_an_archive_that_is_not_there_or_is_a_file_or_has_no_picture_is_refused(
    films: Path, tmp_path: Path
) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").touch()
    for place, said in (
        (tmp_path / "none", "No such file"),
        (films / "00.png", "vistazo predict"),
        (tmp_path / "texts", "no picture"),
    ):
        with pytest.raises(SettingsError, match=said):
            scored(place, tmp_path / "out.csv")
        assert not (tmp_path / "out.csv").exists()


def test_a_label_that_is_called_like_a_column_is_told_from_it(films: Path, tmp_path: Path) -> None:
    model = brightness_classifier(labels=["code", "size_bytes"], positive="size_bytes")
    scored(films, tmp_path / "out.csv", model)
    row = rows(tmp_path / "out.csv")[-1]
    assert (row["code"], row["size_bytes"]) == ("unsupported_format", "4")
    row = rows(tmp_path / "out.csv")[0]
    assert (row["code"], row["predicted_class"]) == ("", "code")
    assert float(row["probability of code"]) > 0.5


def test_a_link_to_a_file_is_followed_and_one_to_a_folder_is_not(
    films: Path, tmp_path: Path
) -> None:
    (films / "link.png").symlink_to(films / "06.png")
    (films / "folder").symlink_to(films / "a")
    manifest = scored(films, tmp_path / "out.csv")
    assert manifest.files == 25
    assert manifest.run.skipped == {"files": 1, "links": 1}


def test_parts_and_outputs_are_for_everybody_who_may_read_the_folder(
    films: Path, tmp_path: Path
) -> None:
    scored(films, tmp_path / "out.csv")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o666 & ~mask


def test_of_a_folder_that_lost_a_part_the_advice_can_be_followed(
    films: Path, tmp_path: Path
) -> None:
    scored(films, f"{tmp_path}/out.csv/")
    (tmp_path / "out.csv" / "part-000001.csv").unlink()
    with pytest.raises(SettingsError, match=rf"Delete the folder {tmp_path}/out.csv,"):
        scored(films, f"{tmp_path}/out.csv/")
    shutil.rmtree(tmp_path / "out.csv")
    assert scored(films, f"{tmp_path}/out.csv/").files == 24


def test_a_listing_for_which_there_is_no_room_is_told_in_words_and_leaves_nothing(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = LocalFolder.entries

    def entries(self: LocalFolder, skipped: Any) -> Iterator[Entry]:
        yield from listed(self, skipped)
        raise OSError(errno.EFBIG, "File too large")  # of the file that is written

    monkeypatch.setattr(LocalFolder, "entries", entries)
    with pytest.raises(SettingsError, match="cannot be written: File too large"):
        scored(films, tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["films"]


def test_the_listing_is_made_where_the_output_is(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "full"))
    assert scored(films, tmp_path / "out.csv").files == 24


@pytest.mark.parametrize(
    ("name", "said"),
    [("n\udcff.csv", "no text"), ("a" * 238 + ".csv", "too long")],
    ids=["no text", "long"],
)
def test_an_output_whose_manifest_could_not_be_written_is_refused_at_the_beginning(
    films: Path, tmp_path: Path, name: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        scored(films, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["films"]
    assert scored(films, tmp_path / ("a" * 237 + ".csv")).files == 24


def test_a_run_that_finds_no_picture_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").touch()
    with pytest.raises(SettingsError, match="no picture"):
        scored(tmp_path / "texts", tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["texts"]


@pytest.mark.parametrize("name", ["x::y", "with a space", "100%25"])
def test_a_folder_that_is_here_is_one_whatever_its_name(tmp_path: Path, name: str) -> None:
    folder = films_in(tmp_path / name)
    assert scored(folder, tmp_path / "out.csv").files == 24
    assert scored(folder.as_uri(), tmp_path / "other.csv").files == 24
    assert scored("FILE" + folder.as_uri()[4:], tmp_path / "third.csv").files == 24


@pytest.mark.parametrize("place", ["", " "])
def test_an_empty_name_is_not_the_folder_one_is_in(films: Path, tmp_path: Path, place: str) -> None:
    for archive, output in ((place, tmp_path / "out.csv"), (films, place)):
        with pytest.raises(SettingsError, match="empty name"):
            scored(archive, output)


def test_what_is_above_a_link_is_where_the_system_says(films: Path, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "link").symlink_to(films / "a")
    archive = f"{tmp_path}/here/link/../b"
    assert scored(archive, tmp_path / "out.csv").files == 8


def test_two_commands_that_tidy_up_a_done_run_both_say_that_it_is_done(
    films: Path, tmp_path: Path
) -> None:
    output, work = tmp_path / "out.csv", tmp_path / "out.csv.work"
    scored(films, output)

    class TidiedUp(KilledAt):
        def remove(self, folder: str) -> None:
            shutil.rmtree(work)
            super().remove(folder)

    work.mkdir()
    (work / "part-000000.jsonl").touch()
    assert scored(films, output, wrap=lambda store: TidiedUp(store, 0, "")).files == 24

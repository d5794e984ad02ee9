"""Archives and outputs behind links. The filesystem is fsspec's own in memory: S3's is asked in
``test_archive_s3.py``.
"""

from __future__ import annotations

import json
import pickle
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from archives import Silent, films_in, scored
from builders import encoded, flat
from vistazo.errors import SettingsError
from vistazo.pictures.folders import Skipped
from vistazo.scale.archive import remote, remote_folder
from vistazo.scale.archive.places import archive_at
from vistazo.scale.archive.remote_folder import RemoteFolder
from vistazo.scale.archive.source import Entry
from vistazo.scale.archive.store import Save, Store

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def bucket() -> Iterator[str]:
    """The link of an empty one."""
    place = f"memory://{uuid.uuid4().hex}"
    yield place
    store = fsspec.filesystem("memory").store
    for name in [each for each in store if each.startswith(place.removeprefix("memory:/"))]:
        del store[name]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_folder, "_PAUSES_S", (0.0, 0.0))


def filled(bucket: str, folder: Path) -> str:
    fsspec.filesystem("memory").put(str(folder), bucket + "/films", recursive=True)
    return f"{bucket}/films"


def bytes_at(link: str) -> bytes:
    return bytes(fsspec.filesystem("memory").cat_file(link))


def all_names(bucket: str) -> list[str]:
    found = fsspec.filesystem("memory").find(bucket)
    return sorted(name.split("/", 2)[2] for name in found)


def test_the_rows_are_those_of_a_folder_here_wherever_they_are_written(
    bucket: str, tmp_path: Path
) -> None:
    folder = films_in(tmp_path / "films")
    scored(folder, tmp_path / "here.csv")
    link = filled(bucket, folder)
    manifest = scored(link, tmp_path / "from.csv")
    scored(f"{link}/", f"{bucket}/to/out.csv")
    wanted = (tmp_path / "here.csv").read_bytes()
    assert (tmp_path / "from.csv").read_bytes() == wanted == bytes_at(f"{bucket}/to/out.csv")
    assert manifest.run.skipped == {"files": 1}
    told = json.loads(bytes_at(f"{bucket}/to/out.csv.manifest.json"))
    assert told["run"]["terms"]["archive"] == link
    assert [name for name in all_names(bucket) if not name.startswith("films")] == [
        "to/out.csv",
        "to/out.csv.manifest.json",
    ]


def test_a_folder_of_parts_in_a_bucket_is_gone_on_with(bucket: str, tmp_path: Path) -> None:
    folder = films_in(tmp_path / "films")
    with pytest.raises(KeyboardInterrupt):
        scored(folder, f"{bucket}/out.csv/", wrap=lambda store: Stopped(store, "part-000002"))
    assert "out.csv/_work/part-000001.jsonl" in all_names(bucket)
    assert scored(folder, f"{bucket}/out.csv/").scored_by_it == 14
    assert all_names(bucket) == [
        "out.csv/_manifest.json",
        *(f"out.csv/part-00000{number}.csv" for number in range(5)),
    ]


class Stopped:
    def __init__(self, store: Store, at: str) -> None:
        self._store, self._at = store, at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, name: str, save: Save) -> None:
        if self._at in name:
            raise KeyboardInterrupt
        self._store.write(name, save)


def test_two_runs_at_once_on_a_bucket_give_one_output(bucket: str, tmp_path: Path) -> None:
    """Nobody can lock it: the second comes in wherever the first writes."""
    folder = films_in(tmp_path / "films")
    scored(folder, tmp_path / "alone.csv")

    class Interleaved(Stopped):
        place_of_both = ""

        def write(self, name: str, save: Save) -> None:
            if self._at in name:
                self._at = "nowhere"
                scored(folder, self.place_of_both)
            self._store.write(name, save)

    for number, at in enumerate(("plan-", "part-000000", "part-000003")):
        link = Interleaved.place_of_both = f"{bucket}/{number}/out.csv"
        scored(folder, link, wrap=lambda store, at=at: Interleaved(store, at))
        output = bytes_at(link)
        assert output == (tmp_path / "alone.csv").read_bytes()


def failing(
    monkeypatch: pytest.MonkeyPatch, method: str, errors: list[Exception], name: str = ""
) -> list[str]:
    """The filesystem raises these first, for names that end so. Gives what was asked."""
    kind, asked = type(fsspec.filesystem("memory")), list[str]()
    real: Callable[..., Any] = getattr(kind, method)

    def fail(self: Any, path: str, *rest: Any, **more: Any) -> Any:
        if str(path).endswith(name):
            asked.append(path)
            if errors:
                raise errors.pop(0)
        return real(self, path, *rest, **more)

    monkeypatch.setattr(kind, method, fail)
    return asked


class OfALibraryError(Exception):
    """Which is no OSError."""


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_read_that_fails_is_tried_again_and_then_a_row(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    link = filled(bucket, films_in(tmp_path / "films"))
    asked = failing(monkeypatch, "cat_file", [OfALibraryError("timed out")] * times, "a/03.png")
    manifest = scored(link, tmp_path / "out.csv")
    assert len(asked) == min(times + 1, 3)
    assert ("file_unreadable" in manifest.failures) == (times == 3)


def test_what_is_gone_is_not_asked_for_again(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = filled(bucket, films_in(tmp_path / "films"))
    asked = failing(monkeypatch, "cat_file", [FileNotFoundError("gone")], "a/03.png")
    assert scored(link, tmp_path / "out.csv").failures["file_unreadable"] == 1
    assert len(asked) == 1


def test_credentials_that_are_no_good_are_one_error_at_the_start(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = filled(bucket, films_in(tmp_path / "films"))
    failing(monkeypatch, "ls", [OfALibraryError("Unable to locate\n credentials")] * 9)
    with pytest.raises(SettingsError, match="Unable to locate credentials") as caught:
        scored(link, tmp_path / "out.csv")
    assert "credentials in the environment" in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_credentials_that_expire_in_the_middle_stop_the_run_and_no_file_is_blamed(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = filled(bucket, films_in(tmp_path / "films"))
    with monkeypatch.context() as expired:

        class Expiring(Silent):
            def skipped(self, _: Skipped) -> None:
                failing(expired, "cat_file", [PermissionError("Forbidden")] * 99, "b/03.png")
                failing(expired, "info", [PermissionError("Forbidden")] * 99)

        with pytest.raises(SettingsError, match="Forbidden"):
            scored(link, tmp_path / "out.csv", watcher=Expiring())
    manifest = scored(link, tmp_path / "out.csv")
    assert "file_unreadable" not in manifest.failures
    assert manifest.scored_by_it < 24


def test_an_output_that_the_bucket_refuses_is_told_in_words(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = films_in(tmp_path / "films")
    with monkeypatch.context() as full:
        failing(full, "put_file", [])
        kind = type(fsspec.filesystem("memory"))

        def refuse(self: Any, *_: Any, **__: Any) -> None:
            raise OfALibraryError("AccessDenied")

        full.setattr(kind, "put_file", refuse)
        with pytest.raises(SettingsError, match=r"AccessDenied.*goes on from there"):
            scored(folder, f"{bucket}/out.csv")
    assert scored(folder, f"{bucket}/out.csv").files == 24


def test_what_is_too_large_by_its_listing_is_not_fetched(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = filled(bucket, films_in(tmp_path / "films"))
    asked = failing(monkeypatch, "cat_file", [], "a/03.png")
    archive = RemoteFolder(link)
    with pytest.raises(Exception, match="over 1000 bytes"):
        archive.read(Entry("a/03.png", 5_000_000_000), 1000)
    assert not asked
    with pytest.raises(Exception, match="over 10 bytes"):  # more than the listing said
        archive.read(Entry("a/03.png", 5), 10)
    assert asked


class Bucket:
    """What a bucket's listing may say: keys are any texts, and no paths."""

    def __init__(self, folders: dict[str, list[dict[str, Any]]]) -> None:
        self._folders = folders

    def ls(self, path: str, detail: bool) -> list[dict[str, Any]]:
        assert detail
        return self._folders[path]


def test_keys_that_are_no_paths_are_told_and_nothing_goes_round_in_circles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def each(name: str, kind: str = "file") -> dict[str, Any]:
        return {"name": name, "type": kind, "size": 7}

    listing = {
        "b/f": [
            each("b/f/z.png"),
            each("b/f/", "directory"),  # the folder's own marker, and a key with //
            each("b/f"),
            each("b/f/..", "directory"),
            each("b/f/./x.png"),
            each("b/elsewhere.png"),
            each("b/f/.hidden.png"),
            each("b/f/a\nb.PNG"),
            each("b/f/notes.txt"),
            each("b/f/below", "directory"),
        ],
        "b/f/below": [each("b/f/below/1.jpg"), each("b/f/below", "directory")],
    }
    monkeypatch.setattr(remote, "filesystem", lambda _: (Bucket(listing), "b/f"))
    skipped = Skipped()
    found = list(RemoteFolder("s3://b/f").entries(skipped))
    assert [entry.name for entry in found] == ["a\nb.PNG", "below/1.jpg", "z.png"]
    assert found[0].size_bytes == 7
    assert skipped.counts == {"unreadable": 3, "files": 1}
    flat_one = RemoteFolder("s3://b/f", goes_below=False)
    assert [entry.name for entry in flat_one.entries(skipped)] == ["a\nb.PNG", "z.png"]


def test_an_archive_travels_to_another_process_without_what_it_opened(
    bucket: str, tmp_path: Path
) -> None:
    archive = archive_at(filled(bucket, films_in(tmp_path / "films")), goes_below=True)
    archive.check()
    again = pickle.loads(pickle.dumps(archive))  # noqa: S301 - our own
    assert again == archive
    assert list(again.entries(Skipped())) == list(archive.entries(Skipped()))


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("nosuch://bucket/films", "cannot be reached"),
        ("memory://nothing-there/films", "cannot be read"),
    ],
)
def test_a_link_that_nobody_can_follow_is_refused_in_words(
    tmp_path: Path, link: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        scored(link, tmp_path / "out.csv")


def test_a_password_in_a_link_is_shown_to_nobody() -> None:
    link = "sftp://me:secret@host/films?token=secret"
    assert RemoteFolder(link).place == "sftp://host/films"


def test_without_fsspec_a_link_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fsspec", None)
    with pytest.raises(SettingsError, match="pip install -r scripts"):
        scored("s3://bucket/films", tmp_path / "out.csv")


def test_a_link_to_a_file_of_this_machine_is_its_path(tmp_path: Path) -> None:
    films = films_in(tmp_path / "films")
    (films / "00.png").write_bytes(encoded(flat(3)))
    assert scored(f"file://{films}", f"file://{tmp_path}/out.csv").files == 24


def test_a_filesystem_that_cannot_connect_is_told_in_words(tmp_path: Path) -> None:
    for link, output in (
        ("ftp://a:secret@127.0.0.1:1/x", tmp_path / "out.csv"),
        (films_in(tmp_path / "films"), "ftp://a:secret@127.0.0.1:1/x/out.csv"),
    ):
        with pytest.raises(SettingsError, match=r"ftp://127\.0\.0\.1:1/x cannot") as caught:
            scored(link, output)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("link", ["zip::{}", "zip://::{}"])
def test_pictures_at_the_top_of_a_zip_are_found(tmp_path: Path, link: str) -> None:
    folder = films_in(tmp_path / "films")
    scored(folder, tmp_path / "here.csv")
    packed = shutil.make_archive(str(tmp_path / "films"), "zip", folder)
    scored(link.format(packed), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()


def test_a_password_is_not_quoted_where_a_library_quotes_the_link(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = filled(bucket, films_in(tmp_path / "films"))
    memory = fsspec.filesystem("memory"), link.removeprefix("memory:/")
    monkeypatch.setattr(remote, "filesystem", lambda _: memory)
    named = "sftp://me:hunt%3Aer2@host/films?token=abc123"
    said = "sftp://me:hunt%3Aer2@host/films/a/03.png?token=abc123 (me:hunt:er2)"
    failing(monkeypatch, "cat_file", [FileNotFoundError(said)], "a/03.png")
    scored(named, tmp_path / "out.csv")
    output = (tmp_path / "out.csv").read_text() + (tmp_path / "out.csv.manifest.json").read_text()
    assert "file_unreadable" in output
    assert not re.search("hunt|er2|abc123", output)
    failing(monkeypatch, "info", [OfALibraryError(said)] * 9)
    with pytest.raises(SettingsError) as caught:
        scored(named, tmp_path / "other.csv")
    assert not re.search("hunt|er2|abc123", str(caught.value))


@pytest.mark.parametrize("link", ["http://127.0.0.1:1/films", "https://127.0.0.1:1/films?x=1"])
def test_the_web_has_no_folders(tmp_path: Path, link: str) -> None:
    with pytest.raises(SettingsError, match="of the web, which has no folders"):
        scored(link, tmp_path / "out.csv")


@pytest.mark.parametrize("output", ["s3://answers.csv", "memory://answers.csv", "s3:///a.csv"])
def test_an_output_that_is_a_bucket_is_written_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    folder = films_in(tmp_path / "films")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="names no file in a bucket"):
        scored(folder, output)
    assert [path.name for path in tmp_path.iterdir()] == ["films"]

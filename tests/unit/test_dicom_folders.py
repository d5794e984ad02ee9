"""Folders as a PACS or a disc has them: DICOM files whose names end in nothing that says so."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dicom_files import dicom_file, shades
from vistazo.cli.picture_files import in_words, picture_files
from vistazo.pictures.folders import Skipped, is_picture
from vistazo.scale.archive import remote
from vistazo.scale.archive.remote_folder import RemoteFolder
from vistazo.training.datasets import _images_of

DICOM = dicom_file(shades(32, 24, 12), bits_stored=12)
HEAD = DICOM[:132]
UID = "1.2.840.113619.2.5.1762583153.215519.978957063.78"


def found_in(folder: Path) -> tuple[list[str], list[str]]:
    skipped = Skipped()
    names = [path.name for path in picture_files([folder], skipped)]
    return names, list(in_words(skipped))


def test_a_file_is_known_as_dicom_by_its_first_bytes_where_its_name_says_nothing(
    tmp_path: Path,
) -> None:
    for name in ("IM000001", UID, "film.DCM", "ends in a dot."):
        (tmp_path / name).write_bytes(DICOM)
    for name in ("README", "1.2.3", "empty", "film.txt"):
        (tmp_path / name).write_bytes(b"no picture" * 30 if name != "empty" else b"")
    (tmp_path / "other.xyz").write_bytes(DICOM)
    names, [said] = found_in(tmp_path)
    assert names == [UID, "IM000001", "ends in a dot.", "film.DCM"]
    for name in ("README", "1.2.3", "empty", "film.txt", "other.xyz"):
        assert str(tmp_path / name) in said


def test_the_index_of_a_disc_is_left_out_by_its_name_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "DICOM").mkdir()
    (tmp_path / "DICOM" / "I0").write_bytes(DICOM)
    (tmp_path / "dicomdir").write_bytes(DICOM)
    names, said = found_in(tmp_path)
    assert names == ["I0"]
    assert said == [
        f"Skipped, as they list the files of a disc, and are no pictures: {tmp_path / 'dicomdir'}"
    ]


def test_hidden_ones_are_no_pictures_whatever_they_hold(tmp_path: Path) -> None:
    (tmp_path / ".cache").mkdir()
    for name in (".cache/IM1", ".IM2", "IM3"):
        (tmp_path / name).write_bytes(DICOM)
    assert found_in(tmp_path) == (["IM3"], [])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a pipe with a name is of Unix")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "IM1").write_bytes(DICOM)
    names, [said] = found_in(tmp_path)
    assert names == ["IM1"]
    assert str(tmp_path / "pipe") in said
    assert not is_picture(tmp_path / "pipe")


def test_what_may_not_be_read_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "IM1").write_bytes(DICOM)
    (tmp_path / "film.png").touch()

    def refuse(*_: Any, **__: Any) -> Any:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    names, [said] = found_in(tmp_path)
    assert names == ["film.png"]
    assert said == f"Skipped, as they cannot be looked into: {tmp_path / 'IM1'}"


def test_of_thousands_of_files_only_the_first_bytes_are_read(tmp_path: Path) -> None:
    large = HEAD + bytes(1_000_000)
    (tmp_path / "0").write_bytes(large)
    for number in range(1, 3_000):
        (tmp_path / str(number)).hardlink_to(tmp_path / "0")
    started_s = time.process_time()
    assert len(found_in(tmp_path)[0]) == 3_000
    assert time.process_time() - started_s < 1.5, "3 GB, if they were read whole"


def test_training_finds_them_in_the_folders_of_labels(tmp_path: Path) -> None:
    for name in (UID, "b.dcm", "notes", "DICOMDIR"):
        (tmp_path / name).write_bytes(b"no picture" if name == "notes" else DICOM)
    assert [path.name for path in _images_of(tmp_path)] == [UID, "b.dcm"]


# ---- in a bucket


class Bucket:
    """As fsspec has it. ``asked`` are the ranges that were read, one list for each question."""

    def __init__(self, files: dict[str, bytes | list[Exception]]) -> None:
        self._files = files
        self.asked: list[list[str]] = []

    def ls(self, path: str, detail: bool) -> list[dict[str, Any]]:
        assert detail
        return [
            {"name": f"{path}/{name}", "type": "file", "size": _size(data)}
            for name, data in self._files.items()
        ]

    def cat_ranges(self, paths: list[str], start: int, end: int, on_error: str) -> list[Any]:
        assert on_error == "return"
        self.asked.append(paths)
        return [self._head(path.rpartition("/")[2], start, end) for path in paths]

    def _head(self, name: str, start: int, end: int) -> bytes | Exception:
        data = self._files[name]
        if isinstance(data, bytes):
            return data[start:end]
        return data.pop(0) if data else HEAD


def _size(data: bytes | list[Exception]) -> int:
    return len(data) if isinstance(data, bytes) else 1_000


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[list[str], Skipped]]:
    monkeypatch.setattr(time, "sleep", lambda _: None)

    def entries(bucket: Bucket) -> tuple[list[str], Skipped]:
        monkeypatch.setattr(remote, "filesystem", lambda _: (bucket, "b"))
        skipped = Skipped()
        return [each.name for each in RemoteFolder("s3://b").entries(skipped)], skipped

    return entries


def test_in_a_bucket_the_first_bytes_are_asked_for_together_and_of_no_other_file(
    listed: Callable[..., tuple[list[str], Skipped]],
) -> None:
    numbered = {f"{number:05}": DICOM for number in range(1_500)}
    others = {"a.png": b"", "b.dcm": b"", "c.txt": DICOM, "short": b"x" * 131, "DICOMDIR": DICOM}
    bucket = Bucket({**numbered, **others, "text": b"no picture" * 20})
    names, skipped = listed(bucket)
    assert names == [*numbered, "a.png", "b.dcm"]
    assert skipped.counts == {"files": 3, "indexes": 1}
    assert [len(asked) for asked in bucket.asked] == [1_000, 501]


def test_in_a_bucket_a_head_is_asked_for_again_and_what_is_gone_is_not(
    listed: Callable[..., tuple[list[str], Skipped]],
) -> None:
    bucket = Bucket(
        {
            "1": [TimeoutError("slow")],
            "2": [FileNotFoundError("gone")],
            "3": [OSError("reset")] * 9,
            "4": DICOM,
        }
    )
    names, skipped = listed(bucket)
    assert names == ["1", "4"]
    assert skipped.counts == {"unreadable": 2}
    assert [[path[-1] for path in asked] for asked in bucket.asked] == [
        ["1", "2", "3", "4"], ["1", "3"], ["3"],
    ]  # fmt: skip


def test_a_real_filesystem_of_fsspec_is_asked_as_it_can_be(tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="ARCHIVES ARE NOT READ: fsspec is not installed")
    memory = fsspec.filesystem("memory")
    for name, data in {UID: DICOM, "notes": b"no picture" * 20}.items():
        memory.pipe_file(f"/discs/{tmp_path.name}/{name}", data)
    skipped = Skipped()
    found = RemoteFolder(f"memory://discs/{tmp_path.name}").entries(skipped)
    assert [each.name for each in found] == [UID]
    assert skipped.counts == {"files": 1}

"""An archive behind a link, as fsspec reads it. What is read is asked for in one bounded piece."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeVar

from vistazo.errors import SettingsError, UnreadableFileError, UploadTooLargeError
from vistazo.pictures.folders import Skipped, in_depth, is_of_a_program, kind_by_name
from vistazo.pictures.formats import DICOM_HEAD_BYTES, is_dicom
from vistazo.scale.archive import remote
from vistazo.scale.archive.source import Entry, too_large

_PAUSES_S = (0.5, 2.0)  # between tries of one file, beside those that the filesystem makes itself
_HEADS_AT_ONCE = 1_000
_Answer = TypeVar("_Answer")
_FINAL = (FileNotFoundError, PermissionError, IsADirectoryError)


@dataclass(frozen=True)
class _Found:
    """``path`` as the filesystem has it."""

    path: str
    size_bytes: int | None = None


@dataclass(frozen=True)
class RemoteFolder:
    link: str
    goes_below: bool = True
    reads_at_once: int = 8

    @property
    def place(self) -> str:
        return remote.shown(self.link).rstrip("/")

    @functools.cached_property
    def _opened(self) -> tuple[Any, str]:
        return remote.filesystem(self.link)

    def __reduce__(self) -> tuple[type[RemoteFolder], tuple[str, bool, int]]:
        """Another process opens it for itself."""
        return RemoteFolder, (self.link, self.goes_below, self.reads_at_once)

    def check(self) -> None:
        """One question: to list a bucket may take minutes."""
        found, path = self._opened
        if not path.strip("/"):  # of a top some filesystems know no more than what is in it
            self._asked(lambda: found.ls(path))
        elif self._asked(lambda: found.info(path))["type"] == "file":
            raise SettingsError(
                f"{self.place} is a file, and no folder of them: that is for vistazo predict."
            )

    def entries(self, skipped: Skipped) -> Iterator[Entry]:
        top = self._opened[1]
        for found in in_depth(_Found(top), lambda each: self._within(each, skipped)):
            yield Entry(found.path[len(top) :].lstrip("/"), found.size_bytes)

    def read(self, entry: Entry, max_bytes: int) -> bytes:
        if entry.size_bytes is not None and entry.size_bytes > max_bytes:
            raise UploadTooLargeError(too_large(max_bytes))
        if entry.size_bytes == 0:  # of which no piece can be asked for
            return b""
        data = self._read(remote.within(self._opened[1], entry.name), max_bytes + 1)
        if len(data) > max_bytes:
            raise UploadTooLargeError(too_large(max_bytes))
        return data

    def _read(self, path: str, most_bytes: int) -> bytes:
        for pause_s in (*_PAUSES_S, None):
            try:
                return bytes(self._opened[0].cat_file(path, start=0, end=most_bytes))
            # The libraries behind fsspec raise errors of their own, which share no base.
            except Exception as error:
                if pause_s is None or isinstance(error, _FINAL):
                    said = f"The file cannot be read: {remote.why(error, self.link)}."
                    raise UnreadableFileError(said) from error
                time.sleep(pause_s)
        raise AssertionError

    def _asked(self, ask: Callable[[], _Answer]) -> _Answer:
        """Raises SettingsError."""
        for pause_s in (*_PAUSES_S, None):
            try:
                return ask()
            except Exception as error:  # as above
                if pause_s is None or isinstance(error, _FINAL):
                    raise SettingsError(
                        f"{self.place} cannot be read: {remote.why(error, self.link)}. Is the name "
                        "right, and are there credentials in the environment that may list and "
                        "read it?"
                    ) from error
                time.sleep(pause_s)
        raise AssertionError

    def _within(self, folder: _Found, skipped: Skipped) -> Iterator[tuple[_Found, bool]]:
        """A folder that cannot be listed ends the run: here, other than on a disk, it is rather the
        network, and its pictures would be missing without a word.
        """
        pictures, unsaid = [], []
        for each in self._asked(lambda: self._opened[0].ls(folder.path, detail=True)):
            path, size = str(each["name"]).rstrip("/"), each.get("size")
            name = PurePosixPath(path[len(folder.path) :].lstrip("/"))
            kind = self._kind(each, path, folder.path)
            if kind in ("itself", "hidden"):
                continue
            if kind == "unsaid":
                unsaid.append((_Found(path, size), name))
            elif kind in ("picture", "folder"):
                pictures.append((_Found(path, size), kind == "folder"))
            else:
                skipped.add(kind, name)
        for at in range(0, len(unsaid), _HEADS_AT_ONCE):
            some = unsaid[at : at + _HEADS_AT_ONCE]
            for (found, name), kind in zip(some, self._kinds_by_head(some), strict=True):
                if kind == "picture":
                    pictures.append((found, False))
                else:
                    skipped.add(kind, name)
        pictures.sort(key=lambda each: each[0].path)
        yield from pictures

    def _kinds_by_head(self, unsaid: list[tuple[_Found, PurePosixPath]]) -> list[str]:
        """Of files whose names do not say what they are: whether they begin as a DICOM file."""
        kinds = dict.fromkeys((found.path for found, _ in unsaid), "files")
        asked = [
            found.path
            for found, _ in unsaid
            if found.size_bytes is None or found.size_bytes >= DICOM_HEAD_BYTES
        ]
        for pause_s in (*_PAUSES_S, None):
            heads = self._opened[0].cat_ranges(asked, 0, DICOM_HEAD_BYTES, on_error="return")
            failed = []
            for path, head in zip(asked, heads, strict=True):
                if isinstance(head, BaseException):
                    kinds[path] = "unreadable"
                    failed.extend([] if isinstance(head, _FINAL) else [path])
                else:
                    kinds[path] = "picture" if is_dicom(head) else "files"
            if not failed or pause_s is None:
                break
            asked = failed
            time.sleep(pause_s)
        return [kinds[found.path] for found, _ in unsaid]

    def _kind(self, each: dict[str, Any], path: str, folder: str) -> str:
        """Names such as ``a//b`` and ``a/../b``, which a bucket may have, are no paths."""
        if path == folder:
            return "itself"
        base = path.rpartition("/")[2]
        if path.lstrip("/") != remote.within(folder, base).lstrip("/") or base in ("", ".", ".."):
            return "unreadable"
        if is_of_a_program(PurePosixPath(base)):
            return "hidden"
        if each["type"] == "directory":
            return "folder" if self.goes_below else "folders"
        return kind_by_name(base)

"""A folder behind a link that a run writes to.

A bucket shows an object when all of it has arrived. Nobody can lock it: of two runs at once one has
written the plan first, both write the same parts, and whose come later does not matter.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vistazo.errors import SettingsError, VistazoError
from vistazo.scale.archive import remote
from vistazo.scale.archive.store import Save


class RemoteStore:
    """What is not whole yet lies in this machine's folder for temporary files."""

    def __init__(self, link: str) -> None:
        self._link = link
        self._fs, self._root = remote.filesystem(link)

    def place(self, name: str) -> str:
        return f"{remote.shown(self._link).rstrip('/')}/{name}"

    @contextlib.contextmanager
    def locked(self, folder: str) -> Iterator[None]:
        with self._in_words(folder):  # of a bucket this makes nothing
            self._fs.makedirs(self._path(folder), exist_ok=True)
        yield

    def names(self, folder: str) -> set[str]:
        with self._in_words(folder, "read"), contextlib.suppress(FileNotFoundError):
            found = self._fs.ls(self._path(folder), detail=False)
            return {str(name).rstrip("/").rpartition("/")[2] for name in found}
        return set()

    def exists(self, name: str) -> bool:
        with self._in_words(name, "read"):
            return bool(self._fs.exists(self._path(name)))

    @contextlib.contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        """Buffered here: the files of some filesystems know no bounds of a line."""
        with (
            self._in_words(name, "read"),
            self._fs.open(self._path(name), "rb") as file,
            io.BufferedReader(file) as buffered,
        ):
            yield buffered

    def write(self, name: str, save: Save) -> None:
        with self._in_words(name), _made(save) as part:
            self._fs.put_file(str(part), self._path(name))

    def create(self, name: str, save: Save) -> bool:
        if self.exists(name):
            return False
        with self._in_words(name), _made(save) as part:
            try:
                self._put_new(part.read_bytes(), self._path(name))
            except FileExistsError:
                return False
        return True

    def remove(self, folder: str) -> None:
        with self._in_words(folder), contextlib.suppress(FileNotFoundError):
            self._fs.rm(self._path(folder), recursive=True)

    def _put_new(self, data: bytes, path: str) -> None:
        """Raises FileExistsError, of filesystems that can tell."""
        try:
            self._fs.pipe_file(path, data, mode="create")
        except (NotImplementedError, TypeError):
            self._fs.pipe_file(path, data)

    def _path(self, name: str) -> str:
        return remote.within(self._root, name)

    @contextlib.contextmanager
    def _in_words(self, name: str, what: str = "written") -> Iterator[None]:
        try:
            yield
        except (VistazoError, FileExistsError):
            raise
        # The libraries behind fsspec raise errors of their own, which share no base.
        except Exception as error:
            raise SettingsError(
                f"{self.place(name)} cannot be {what}: {remote.why(error, self._link)}. What is "
                "done is kept: the same command goes on from there."
            ) from error


@contextlib.contextmanager
def _made(save: Save) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vistazo-") as folder:
        part = Path(folder) / "part"
        save(part)
        yield part

"""A folder of this machine that a run writes to."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vistazo.errors import SettingsError
from vistazo.rows.one_writer import be_its_writer
from vistazo.scale.archive.store import LOCK, MAKING, Save


class LocalStore:
    """What is not whole yet lies in the folder ``scratch`` of it."""

    def __init__(self, root: Path, scratch: str) -> None:
        self._root, self._scratch = root, scratch

    def place(self, name: str) -> str:
        return str(self._root / name)

    @contextlib.contextmanager
    def locked(self, folder: str) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            with self._in_words(folder):
                (self._root / folder).mkdir(parents=True, exist_ok=True)
                file = stack.enter_context((self._root / folder / LOCK).open("wb"))
            be_its_writer(file, self.place(folder))
            yield

    def names(self, folder: str) -> set[str]:
        with self._in_words(folder), contextlib.suppress(FileNotFoundError):
            return set(os.listdir(self._root / folder))  # noqa: PTH208 - names, and many of them
        return set()

    def exists(self, name: str) -> bool:
        return (self._root / name).exists()

    @contextlib.contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        with self._in_words(name, "read"), (self._root / name).open("rb") as file:
            yield file

    def write(self, name: str, save: Save) -> None:
        with self._in_words(name), self._made(save) as part:
            part.replace(self._root / name)

    def create(self, name: str, save: Save) -> bool:
        with self._in_words(name), self._made(save) as part:
            try:
                os.link(part, self._root / name)
            except FileExistsError:
                return False
            except OSError:  # of a file system without such links
                if self.exists(name):
                    return False
                part.replace(self._root / name)
        return True

    def remove(self, folder: str) -> None:
        # What stays, or is gone already by another run, is of no more use to anybody.
        shutil.rmtree(self._root / folder, ignore_errors=True)

    @contextlib.contextmanager
    def _made(self, save: Save) -> Iterator[Path]:
        part = self._root / self._scratch / f"{MAKING}{os.getpid()}-{secrets.token_hex(4)}"
        try:
            save(part)
            yield part
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _in_words(self, name: str, what: str = "written") -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SettingsError(
                f"{self.place(name)} cannot be {what}: {error.strerror or error}. What is done is "
                "kept: the same command goes on from there."
            ) from error

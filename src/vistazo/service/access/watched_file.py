"""A file that is read again where it has changed."""

from __future__ import annotations

import logging
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from vistazo.errors import SettingsError

log = logging.getLogger(__name__)

_MOST_BYTES = 1_000_000
_LOOK_S = 1.0

T = TypeVar("T")
_Version = tuple[int, int, int]


class WatchedFile(Generic[T]):
    """What ``parse`` makes of a file; where an edit breaks it, what it made before.

    ``setting`` names the file in words. Raises SettingsError where there is nothing to begin with.
    """

    def __init__(self, path: Path, setting: str, parse: Callable[[str], T]) -> None:
        self._path = path
        self._setting = setting
        self._parse = parse
        self._version: _Version | None = self._stat()
        self._value = self._read()
        self._looked_s = time.monotonic()

    def value(self) -> T:
        """As of at most a second ago."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= _LOOK_S:
            self._looked_s = now_s
            self._look()
        return self._value

    def _look(self) -> None:
        """Say once what is wrong with a version, not every second."""
        try:
            version = self._stat()
        except SettingsError as error:
            if self._version is not None:
                self._say_why_not(error)
            self._version = None
            return
        if version == self._version:
            return
        self._version = version
        try:
            self._value = self._read()
        except SettingsError as error:
            self._say_why_not(error)
        else:
            log.info("a changed file was read", extra={"setting": self._setting})

    def _say_why_not(self, error: SettingsError) -> None:
        extra = {"setting": self._setting, "reason": str(error)}
        log.error("a changed file cannot be used; what it said before stays", extra=extra)

    def _stat(self) -> _Version:
        try:
            found = self._path.stat()
        except OSError as error:
            raise self._unreadable(error.strerror or "it cannot be read") from error
        if not stat.S_ISREG(found.st_mode):
            raise self._unreadable("it is not a file")
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> T:
        try:
            with self._path.open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
            text = data.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text (UTF-8)"
            raise self._unreadable(reason or "it cannot be read") from None
        if len(data) > _MOST_BYTES:
            raise self._unreadable(f"it has more than {_MOST_BYTES} bytes")
        if not data:  # what an editor leaves for a moment; our own files begin with a comment
            raise self._unreadable("it is empty")
        return self._parse(text)

    def _unreadable(self, reason: str) -> SettingsError:
        return SettingsError(f"{self._setting}: {self._path} cannot be used: {reason}.")

"""The keys of a running service, out of a variable and a file."""

from __future__ import annotations

from pathlib import Path

from vistazo.service.access.key_ring import KeyEntry, KeyRing, read_entries
from vistazo.service.access.watched_file import WatchedFile


class Keys:
    """``written`` is the text of API_KEYS, ``file`` the path in API_KEYS_FILE.

    Raises SettingsError where they cannot be used. A file that later cannot changes nothing.
    """

    def __init__(self, written: str | None, file: Path | None) -> None:
        entries = read_entries(written or "", "API_KEYS")
        self._ring = KeyRing(entries)
        self._file = (
            WatchedFile(file, "API_KEYS_FILE", lambda text: _with_those_of(text, entries))
            if file
            else None
        )

    @property
    def is_empty(self) -> bool:
        return not any(self._current)

    def find(self, key: str) -> KeyEntry | None:
        return self._current.find(key)

    @property
    def _current(self) -> KeyRing:
        return self._file.value() if self._file else self._ring


def _with_those_of(text: str, entries: tuple[KeyEntry, ...]) -> KeyRing:
    return KeyRing((*entries, *read_entries(text, "API_KEYS_FILE")))

"""The file of keys, as ``vistazo keys`` changes it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from vistazo.errors import SettingsError
from vistazo.service.access.key_ring import KeyEntry, KeyRing, read_entries

_HEAD = (
    "# Keys of Vistazo: names, scopes and digests; no key can be made of these. Changed by\n"
    "# 'vistazo keys'; a service that runs reads it again by itself.\n"
)
_OWNERS_ONLY = 0o600
_OWNER_AND_GROUP = 0o640


def read_key_file(path: Path) -> tuple[KeyEntry, ...]:
    """Raises SettingsError."""
    try:
        return read_entries(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not a file of keys.") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error


def change_key_file(
    path: Path, change: Callable[[tuple[KeyEntry, ...]], Iterable[KeyEntry]]
) -> None:
    """Write what ``change`` makes of the entries: whole or not at all, for its owner alone.

    A file that its group may read stays so. Raises SettingsError.
    """
    path = path.resolve()  # behind a link
    new = path.with_name(f"{path.name}.new")
    with _alone(new):
        is_there = path.exists()
        entries = tuple(change(read_key_file(path) if is_there else ()))
        KeyRing(entries)
        with new.open("w", encoding="utf-8") as file:
            file.write(_HEAD + "".join(f"{entry}\n" for entry in entries))
            file.flush()
            os.fsync(file.fileno())
        if is_there:
            new.chmod(path.stat().st_mode & _OWNER_AND_GROUP | _OWNERS_ONLY)
        new.replace(path)


@contextlib.contextmanager
def _alone(new: Path) -> Iterator[None]:
    """With an empty new file. While it is there nobody else changes the old one."""
    try:
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNERS_ONLY))
    except FileExistsError as error:
        raise SettingsError(
            f"Somebody else is changing these keys. If nobody is, remove {new}."
        ) from error
    except OSError as error:
        raise SettingsError(f"{new} cannot be written: {error.strerror}.") from error
    try:
        yield
    finally:
        new.unlink(missing_ok=True)

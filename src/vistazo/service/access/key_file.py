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
    with _alone(new) as descriptor:
        mode = path.stat().st_mode & _OWNER_AND_GROUP if path.exists() else _OWNERS_ONLY
        entries = tuple(change(read_key_file(path) if path.exists() else ()))
        KeyRing(entries)
        text = _HEAD + "".join(f"{entry}\n" for entry in entries)
        with os.fdopen(descriptor, "w", encoding="utf-8", closefd=False) as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        new.chmod(mode | _OWNERS_ONLY)
        new.replace(path)


@contextlib.contextmanager
def _alone(new: Path) -> Iterator[int]:
    """A descriptor of the new file. While it is there nobody else changes the old one."""
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNERS_ONLY)
    except FileExistsError as error:
        raise SettingsError(
            f"Somebody else is changing these keys. If nobody is, remove {new}."
        ) from error
    except OSError as error:
        raise SettingsError(f"{new} cannot be written: {error.strerror}.") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)
        new.unlink(missing_ok=True)

"""What was downloaded, by its content: ``downloads/<link>/<sha256>/<name>``.

A file lies there under the hash that it has, or not at all: it is written under another name and
moved. ``downloads/<link>/newest.json`` says which one the link gave last. Two processes that fetch
the same link do not meet before that move, and then bring the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from vistazo.errors import DownloadError
from vistazo.models.fetch.location import Link
from vistazo.models.fetch.names import safe
from vistazo.models.fetch.version import Version

log = logging.getLogger(__name__)

_NEWEST = "newest.json"
_PARTIAL = ".partial"
_MOST_RECORD_BYTES = 10_000
_OLD_S = 86_400  # nobody loads, or still writes, what is older than a day and not the newest


@dataclass(frozen=True)
class Entry:
    path: Path
    sha256: str
    version: Version


class Cache:
    """Downloads under ``folder``, which is made when the first one is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "downloads"

    def find(self, link: Link) -> Entry | None:
        """The file that the link gave last; None where there is none, or it is damaged."""
        folder = self._folder / link.key
        record = _read(folder / _NEWEST)
        if record is None:
            return None
        path = folder / record["sha256"] / record["name"]
        try:
            with path.open("rb") as file:
                is_sound = hashlib.file_digest(file, "sha256").hexdigest() == record["sha256"]
        except OSError:
            is_sound = False
        if not is_sound:
            log.warning("a damaged download in the cache is fetched again")
            return None
        version = Version(record.get("etag"), record.get("last_modified"))
        return Entry(path, record["sha256"], version)

    def new_file(self, link: Link) -> Path:
        """Where to write what is on its way. Raises DownloadError."""
        folder = self._folder / link.key
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(error) from error
        _remove_old(folder)
        return folder / f"{uuid.uuid4().hex}{_PARTIAL}"

    def keep(self, link: Link, file: Path, name: str, sha256: str, version: Version) -> Entry:
        """Move a whole file to its place. Raises DownloadError."""
        folder = self._folder / link.key
        entry = Entry(folder / sha256 / name, sha256, version)
        record = {"sha256": sha256, "name": name, **asdict(version)}
        draft = folder / f"{uuid.uuid4().hex}{_PARTIAL}"
        try:
            entry.path.parent.mkdir(exist_ok=True)
            os.utime(entry.path.parent)
            file.replace(entry.path)
            draft.write_text(json.dumps(record), encoding="utf-8")
            draft.replace(folder / _NEWEST)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise _unwritable(error) from error
        return entry

    def forget(self, link: Link) -> None:
        """The link gives nothing any more."""
        with contextlib.suppress(OSError):
            (self._folder / link.key / _NEWEST).unlink()


def _read(path: Path) -> dict[str, str] | None:
    """The record, with a name and a hash that are safe in a path."""
    try:
        text = path.read_text(encoding="utf-8")
        record = json.loads(text[:_MOST_RECORD_BYTES])
        name, sha256 = record["name"], record["sha256"]
        is_ours = safe(name) == name and len(sha256) == 64 and sha256.isalnum()
        is_ours &= all(isinstance(value, str | None) for value in record.values())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        is_ours = False
    if not is_ours:
        log.warning("a damaged download in the cache is fetched again")
        return None
    return dict(record)


def _remove_old(folder: Path) -> None:
    """What a killed process left, and what the link gave before."""
    newest = _read(folder / _NEWEST)
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            is_kept = path.name in (_NEWEST, newest and newest["sha256"])
            if is_kept or time.time() - path.stat().st_mtime < _OLD_S:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _unwritable(error: OSError) -> DownloadError:
    return DownloadError(
        f"The download cannot be kept: {error.strerror}. Make room, or set CACHE_DIR to a folder "
        "that can be written."
    )

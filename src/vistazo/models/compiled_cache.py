"""The cache of compiled models.

Each is kept under a name that holds what it was made of and the hash of its bytes,
``<stem>-<hash><suffix>``: an entry that is damaged, partial or somebody else's does not have the
hash in its name, and is made again. Of several processes that start at the same time one makes it,
and the others wait.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vistazo.errors import NoRoomError, UnreadableModelError
from vistazo.models.file_hash import sha256_of
from vistazo.models.one_at_a_time import Patience, one_at_a_time
from vistazo.models.writable_folder import no_place, tell_unwritable, writable_folders

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """``stem`` says all that it is made of, ``suffix`` what it is."""

    stem: str
    suffix: str

    def name(self, sha256: str) -> str:
        return f"{self.stem}-{sha256}{self.suffix}"


@contextlib.contextmanager
def cached(
    cache_dir: Path,
    entry: Entry,
    make: Callable[[Path], None],
    patience: Patience | None = None,
) -> Iterator[Path]:
    """Find the entry, or ``make`` it. Raises what that raises, and ModelError where it has no room.

    Where another process makes it, wait with ``patience`` and find it then. On a disk that cannot
    be written the file is temporary: load it inside the ``with``.
    """
    with contextlib.ExitStack() as stack:
        yield _find(cache_dir, entry) or _found_or_made(cache_dir, entry, make, patience, stack)


def _found_or_made(
    cache_dir: Path,
    entry: Entry,
    make: Callable[[Path], None],
    patience: Patience | None,
    stack: contextlib.ExitStack,
) -> Path:
    """``stack`` takes away what is temporary."""
    lock_file = cache_dir / f"{entry.stem}.lock"
    with one_at_a_time(lock_file, patience or Patience()):
        found = _find(cache_dir, entry)  # another process may just have made it
        if found is not None:
            return found
        for folder in writable_folders(cache_dir, stack):
            partial = folder / f"{entry.stem}.{os.getpid()}.partial"
            stack.callback(_remove, partial)
            try:
                made = _made(partial, entry, make)
            except NoRoomError as error:
                tell_unwritable(str(error))
            else:
                return made
        raise no_place(cache_dir)


def _find(cache_dir: Path, entry: Entry) -> Path | None:
    for path in sorted(cache_dir.glob(f"{entry.stem}-*{entry.suffix}")):
        with contextlib.suppress(UnreadableModelError):
            if path.is_file() and path.name == entry.name(sha256_of(path)):
                return path
        log.warning("a damaged entry of the model cache is made again")
        _remove(path)
    return None


def _made(partial: Path, entry: Entry, make: Callable[[Path], None]) -> Path:
    log.info("compiling the model; this is done once")
    started = time.perf_counter()
    make(partial)
    path = partial.with_name(entry.name(sha256_of(partial)))
    log.info("compiled the model", extra={"seconds": round(time.perf_counter() - started, 2)})
    try:
        partial.replace(path)
    except OSError as error:  # such as a folder of that name
        tell_unwritable(error.strerror)
        return partial
    return path


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()

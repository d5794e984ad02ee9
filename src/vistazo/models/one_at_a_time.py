"""One process at a time, of those that share a folder."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_LOOK_S = 0.05


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Patience:
    """How long to wait for another process: until ``has_ended`` says so, at most ``most_s``."""

    most_s: float = 300.0
    has_ended: Callable[[], bool] = _never


@contextlib.contextmanager
def one_at_a_time(lock_file: Path, patience: Patience) -> Iterator[None]:
    """Wait for whoever holds ``lock_file``, then hold it; it is gone afterwards.

    The system lets go of it where its process ends, however that ends (flock(2)). Whoever has
    waited long enough goes on beside the other, and so does everybody where the folder or the
    platform has no such locks: what is made here may be made twice, and must not be waited for for
    ever.
    """
    with contextlib.ExitStack() as stack:
        file = _opened(lock_file)
        if file is not None:
            stack.enter_context(file)
            _wait(file, patience)
            stack.callback(_remove, lock_file)
        yield


def _opened(lock_file: Path) -> IO[bytes] | None:
    try:
        lock_file.parent.mkdir(parents=True, exist_ok=True)
        return lock_file.open("ab")
    except OSError:
        return None


def _wait(file: IO[bytes], patience: Patience) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    deadline = time.monotonic() + patience.most_s
    while not patience.has_ended() and time.monotonic() < deadline:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOOK_S)
        except OSError:  # a file system without locks
            return
        else:
            return


def _remove(lock_file: Path) -> None:
    with contextlib.suppress(OSError):
        lock_file.unlink()

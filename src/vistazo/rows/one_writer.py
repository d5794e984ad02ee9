"""One run at a time writes to an output."""

from __future__ import annotations

import sys
from typing import IO

from vistazo.errors import SettingsError


def be_its_writer(file: IO[bytes], place: str) -> None:
    """As long as ``file`` is open, where the system knows such locks (flock(2)).

    Raises SettingsError where another run writes to ``place``.
    """
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SettingsError(f"Another run is writing to {place}.") from None
    except OSError:  # of a file system that has none
        return

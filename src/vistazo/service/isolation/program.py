"""A program of ours, started in a process of its own that may die of what it reads."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import cast

import vistazo
from vistazo.models.child_environment import child_environment

if sys.platform == "linux":
    import fcntl

_SOURCE = str(Path(vistazo.__file__).parents[1])

# A picture, or a model's input, goes through in one piece: in the usual 64 kB each side would wait
# for the other ten times. Linux gives everybody as much; it takes memory only while it is full.
_PIPE_BYTES = 1_048_576


def start_program(module: str, given: Mapping[str, object]) -> subprocess.Popen[bytes]:
    """``given`` is its argument, as JSON, with ``service_pid`` for ``confinement``. Raises OSError
    where the system gives no process.

    A process of its own session, so that a Ctrl-C on the terminal is not for it. It ends with the
    thread that calls this (``confinement``).
    """
    process = subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-S",
            "-m",
            module,
            json.dumps({"service_pid": os.getpid(), **given}),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        close_fds=True,
        start_new_session=True,
        cwd=os.path.abspath(os.sep),  # noqa: PTH100 - of a drive, on Windows
        # What this process finds, the other finds; it looks nowhere else (-P -S).
        env=child_environment(_SOURCE, *sys.path),
    )
    for pipe in (process.stdin, process.stdout):
        _widen(cast("FileIO", pipe))
    return process


def _widen(pipe: FileIO) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # this user has too many wide ones already
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

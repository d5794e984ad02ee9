"""What a worker forbids itself, as far as its system knows the limit: all of it on Linux.

Elsewhere a worker is ended when its time is over, and when the service ends; on Windows nothing
limits its memory.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from io import FileIO
from pathlib import Path

if sys.platform != "win32":
    import resource

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
# Before the service, which has 0; after what tries a model that nobody needs yet, which has 1000.
_AN_EARLY_ONE_TO_GO = "500"


def confine(service_pid: int) -> None:
    """Before anything is read. Ends the process where the service has ended already."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # who ends a worker closes its pipe, or kills
        if hasattr(signal, name):  # Windows has not all of them
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if sys.platform != "win32":
        for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
            resource.setrlimit(kind, (0, 0))
    if sys.platform == "linux":
        # A kernel short of memory takes the worker and not the service.
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(_AN_EARLY_ONE_TO_GO, encoding="ascii")
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        # A decoder that spins does not see that the pipe has been closed.
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != service_pid:
            os._exit(0)


def keep_stdout() -> FileIO:
    """For messages alone: what a C library prints must not come between them."""
    outgoing = FileIO(os.dup(1), "wb")
    _to_nowhere(1)
    return outgoing


def silence_stderr() -> None:
    """A traceback may quote what was read."""
    _to_nowhere(2)


def _to_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


def address_space_bytes() -> int | None:
    """What this process has mapped now. None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def limit_job(space_bytes: int | None, cpu_s: float) -> None:
    """From now on: so much address space (MemoryError beyond it), so much CPU (the end)."""
    if sys.platform == "win32":
        return
    if space_bytes is not None:
        _limit(resource.RLIMIT_AS, space_bytes)
    # Whole seconds, and what earlier jobs took is counted.
    _limit(resource.RLIMIT_CPU, int(time.process_time() + cpu_s) + 1)


def _limit(kind: int, value: int) -> None:
    """Within the limit that the service itself was started under (``ulimit``)."""
    if sys.platform != "win32":
        _, most = resource.getrlimit(kind)
        resource.setrlimit(
            kind, (value if most == resource.RLIM_INFINITY else min(value, most), most)
        )

"""A server with all the processes that it starts: what they cost, and that none stays behind.

Linux: it reads /proc, and has the kernel hand orphans over to the server, and then to this process.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests"))

from measured_service import MeasuredService

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
_INTERRUPTIONS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_GRACE_S = 8.0
_LIBC = ctypes.CDLL(None)


@contextlib.contextmanager
def orphans_adopted() -> Iterator[None]:
    """Meanwhile what a descendant leaves behind becomes a child of this process: prctl(2)."""
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _enter_family() -> None:
    """In the new process: keep orphans, and end with the one that measures, however that ends."""
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], port: int, folder: Path
) -> Iterator[MeasuredService]:
    """A server in ``folder``, where its ``log`` lies too; with the block's end it and all that it
    started are gone.
    """
    others, log = descendants(), folder / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the one that measures
            preexec_fn=_enter_family,  # noqa: PLW1509 - there are no threads
        )
    try:
        yield MeasuredService(process.pid, port, log, None)
    finally:
        with _undisturbed():
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_S)
            _end_all(others)
            process.wait()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Whoever presses Ctrl-C again waits for the end of what it ends."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTIONS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_all(but: set[int]) -> None:
    """Of this process's descendants; again, as what they leave behind becomes a child."""
    deadline = time.monotonic() + _GRACE_S
    while (left := descendants() - but) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.02)


def machine_busy_s() -> float:
    """CPU time that all processes took so far, and other guests of the host: proc(5)."""
    first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, first.split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def descendants() -> set[int]:
    """Of this process."""
    found = [os.getpid()]
    for pid in found:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):  # it has just ended
                found += map(int, children.read_text(encoding="ascii").split())
    return set(found[1:])

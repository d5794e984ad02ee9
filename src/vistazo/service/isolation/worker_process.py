"""One worker, as the service sees it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from dataclasses import asdict
from io import FileIO
from typing import cast

from vistazo.service.isolation.exchange import Exchange
from vistazo.service.isolation.memory import MemoryBudget
from vistazo.service.isolation.program import start_program

_PROGRAM = "vistazo.service.isolation.worker"
_EXIT_S = 5.0

_REASONS = {
    getattr(signal, name, None): reason
    for name, reason in {
        "SIGKILL": "killed",
        "SIGXCPU": "cpu",
        "SIGSEGV": "crashed",
        "SIGBUS": "crashed",
        "SIGABRT": "crashed",
        "SIGFPE": "crashed",
        "SIGILL": "crashed",
    }.items()
}


class WorkerProcess:
    """Belongs to one thread at a time; only ``end`` may be called by any.

    ``deadline_s`` (of the monotonic clock) is when its job has to be done.
    """

    def __init__(self, process: subprocess.Popen[bytes], memory: MemoryBudget) -> None:
        incoming, outgoing = cast("FileIO", process.stdout), cast("FileIO", process.stdin)
        self.exchange = Exchange(incoming, outgoing, memory)
        self._pipes = incoming, outgoing
        self.is_warm = False
        self.deadline_s: float | None = None
        self.started_s = time.monotonic()
        self.is_taken = False
        self.is_doomed = False
        self._process = process
        self._reason: str | None = None

    @staticmethod
    def start(memory: MemoryBudget, cpu_s: float) -> WorkerProcess:
        """It warms up by itself. Raises as ``start_program``."""
        given = {"limits": asdict(memory.limits), "cpu_s": cpu_s}
        process = start_program(_PROGRAM, given)
        return WorkerProcess(process, memory)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_warm(self) -> None:
        """Raises ConversationError where it ends before."""
        if not self.is_warm:
            self.exchange.wait_until_warm()
            self.is_warm = True

    def end(self, reason: str | None = None) -> None:
        """Kill it, unless it has ended already. The first reason given is the one that counts."""
        self.is_doomed = True
        if self._process.poll() is None:
            self._reason = self._reason or reason
            self._process.kill()

    def why_it_ended(self) -> str:
        """Soon after it did. Where nobody here ended it, the system says why."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_EXIT_S)
        if self._reason is not None:
            return self._reason
        status = self._process.returncode
        return _REASONS.get(-status, "exited") if status is not None else "exited"

    def close(self) -> None:
        """Once it has ended, and nobody reads what it says."""
        for pipe in self._pipes:
            pipe.close()

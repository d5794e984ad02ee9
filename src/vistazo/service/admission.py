"""The bounded way to the CPU.

A place is for work: a request takes one once its body is there, so whoever is slow, or declares and
sends nothing, holds none. Where no place is free a request is turned away at once: waiting would
help nobody, and memory stays bounded whatever arrives.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from vistazo.errors import NotReadyError, QueueFullError
from vistazo.observer import NOBODY, Observer, during

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class AdmissionPolicy:
    """``workers`` jobs run at once; ``queue_size`` further requests may wait."""

    workers: int
    queue_size: int

    @property
    def places(self) -> int:
        return self.workers + self.queue_size


class Admission:
    """Used from one event loop; the work itself runs in threads."""

    def __init__(self, policy: AdmissionPolicy) -> None:
        self.policy = policy
        self._executor = ThreadPoolExecutor(policy.workers, thread_name_prefix="classify")
        # Jobs wait here and not in the executor, which keeps what was cancelled, with its picture,
        # until a worker comes by.
        self._workers = asyncio.Semaphore(policy.workers)
        self._is_closed = False
        self._requests = 0
        self._waiting = self._running = 0

    @property
    def requests(self) -> int:
        """Requests that hold a place now."""
        return self._requests

    @property
    def running(self) -> int:
        """Workers that are at work now."""
        return self._running

    @property
    def waiting(self) -> int:
        """Jobs that no worker is free for now."""
        return self._waiting

    def refuse_when_full(self) -> None:
        """Before a body is read that would find no place. Raises QueueFullError."""
        if self._requests >= self.policy.places:
            raise QueueFullError("Too many pictures are waiting. Send this one again shortly.")

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place. Raises QueueFullError at once where none is free."""
        self.refuse_when_full()
        self._requests += 1
        try:
            yield
        finally:
            self._requests -= 1

    async def run(self, job: Callable[[], _Result], observer: Observer = NOBODY) -> _Result:
        """Run a job in a worker, first come first served. Raises NotReadyError once closed.

        When the caller is cancelled, a job that has not begun never does; one that runs cannot be
        stopped, and its worker is not free before it ends.
        """
        with self._queued(observer):
            await self._workers.acquire()
        try:
            if self._is_closed:
                raise NotReadyError("The service is shutting down.")
            return await self._run(job)
        finally:
            self._workers.release()

    @contextlib.contextmanager
    def _queued(self, observer: Observer) -> Iterator[None]:
        self._waiting += 1
        try:
            with during("queue", observer):
                yield
        finally:
            self._waiting -= 1

    async def _run(self, job: Callable[[], _Result]) -> _Result:
        running = asyncio.get_running_loop().run_in_executor(self._executor, job)
        self._running += 1
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            _ = running.exception()  # told to nobody: who asked has left
            raise
        finally:
            self._running -= 1

    def close(self) -> None:
        """Wait for running jobs; drop those that have not begun."""
        self._is_closed = True
        self._executor.shutdown(wait=True, cancel_futures=True)

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
        self._policy = policy
        self._executor = ThreadPoolExecutor(policy.workers, thread_name_prefix="classify")
        # Jobs wait here and not in the executor, which keeps what was cancelled, with its picture,
        # until a worker comes by.
        self._workers = asyncio.Semaphore(policy.workers)
        self._is_closed = False
        self._requests = 0

    @property
    def requests(self) -> int:
        """Requests that hold a place now."""
        return self._requests

    def refuse_when_full(self) -> None:
        """Before a body is read that would find no place. Raises QueueFullError."""
        if self._requests >= self._policy.places:
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

    async def run(self, job: Callable[[], _Result]) -> _Result:
        """Run a job in a worker, first come first served. Raises NotReadyError once closed.

        When the caller is cancelled, a job that has not begun never does; one that runs cannot be
        stopped, and its worker is not free before it ends.
        """
        async with self._workers:
            if self._is_closed:
                raise NotReadyError("The service is shutting down.")
            running = asyncio.get_running_loop().run_in_executor(self._executor, job)
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                await asyncio.wait([running])
                _ = running.exception()  # told to nobody: who asked has left
                raise

    def close(self) -> None:
        """Wait for running jobs; drop those that have not begun."""
        self._is_closed = True
        self._executor.shutdown(wait=True, cancel_futures=True)

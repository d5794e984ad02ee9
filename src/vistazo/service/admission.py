"""The bounded way to the CPU.

A request takes a place, and the room for its bytes, before its body is read. Where there is none it
is turned away at once: waiting would help nobody, and memory stays bounded whatever arrives.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from vistazo.errors import QueueFullError

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class AdmissionPolicy:
    """``workers`` jobs run at once; ``queue_size`` further requests may wait."""

    workers: int
    queue_size: int
    max_bytes: int


class Admission:
    """Used from one event loop; the work itself runs in threads."""

    def __init__(self, policy: AdmissionPolicy) -> None:
        self._policy = policy
        self._executor = ThreadPoolExecutor(policy.workers, thread_name_prefix="classify")
        self._requests = 0
        self._bytes = 0

    @property
    def requests(self) -> int:
        """Requests that hold a place now."""
        return self._requests

    @contextlib.contextmanager
    def place(self, n_bytes: int) -> Iterator[None]:
        """Hold a place and room for ``n_bytes``. Raises QueueFullError at once where none is free.

        A body larger than the whole room still finds a place when it is the only one.
        """
        places = self._policy.workers + self._policy.queue_size
        is_too_much = self._requests and self._bytes + n_bytes > self._policy.max_bytes
        if self._requests >= places or is_too_much:
            raise QueueFullError("Too many pictures are waiting. Send this one again shortly.")
        self._requests += 1
        self._bytes += n_bytes
        try:
            yield
        finally:
            self._requests -= 1
            self._bytes -= n_bytes

    async def run(self, job: Callable[[], _Result]) -> _Result:
        """Run a job in a worker, first come first served.

        When the caller is cancelled, a job that has not begun never does.
        """
        return await asyncio.get_running_loop().run_in_executor(self._executor, job)

    def close(self) -> None:
        """Wait for running jobs; drop those that have not begun."""
        self._executor.shutdown(wait=True, cancel_futures=True)

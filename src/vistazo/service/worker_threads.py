"""Threads that work for one event loop.

As ``loop.run_in_executor``, whose two kinds of future take two rounds of the loop and several locks
more for each job.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from vistazo.errors import NotReadyError

_Result = TypeVar("_Result")
_Job = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class WorkerThreads:
    """They start with the first job, and end with ``close``, which waits for them."""

    def __init__(self, count: int) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads = [
            Thread(target=self._work, name=f"classify-{number}", daemon=True)
            for number in range(count)
        ]
        self._has_begun = self._is_closed = False
        self._lock = Lock()  # no job comes behind the end

    def run(self, job: Callable[[], _Result]) -> asyncio.Future[_Result]:
        """What a job gives, in the running event loop. Cancelled, it goes on, and is not told.

        Raises NotReadyError once closed.
        """
        loop = asyncio.get_running_loop()
        result: asyncio.Future[_Result] = loop.create_future()
        with self._lock:
            if self._is_closed:
                raise NotReadyError("The service is shutting down.")
            if not self._has_begun:
                self._has_begun = True
                for thread in self._threads:
                    thread.start()
            self._jobs.put((job, result, loop))
        return result

    def close(self) -> None:
        """Once all jobs that were given have been done."""
        with self._lock:
            self._is_closed = True
            for _ in self._threads:
                self._jobs.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _work(self) -> None:
        while (given := self._jobs.get()) is not None:
            job, result, loop = given
            try:
                settle, told = _succeed, job()
            except BaseException as error:  # the boundary of a thread: whoever waits is told
                settle, told = _fail, error
            with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody waits
                loop.call_soon_threadsafe(settle, result, told)
            del given, job, result, told  # a picture is not kept until the next one comes


def _succeed(result: asyncio.Future[Any], told: Any) -> None:
    if not result.done():
        result.set_result(told)


def _fail(result: asyncio.Future[Any], told: BaseException) -> None:
    if not result.done():
        result.set_exception(told)

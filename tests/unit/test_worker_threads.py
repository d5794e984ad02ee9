"""Threads that work for an event loop: every job is told of, and none is kept."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator
from functools import partial

import pytest

from vistazo.errors import NotReadyError
from vistazo.service.worker_threads import WorkerThreads


class Picture:
    pass


@pytest.fixture
def threads() -> Iterator[WorkerThreads]:
    threads = WorkerThreads(2)
    yield threads
    threads.close()


def divide(number: int) -> float:
    return 60 / number


def test_each_job_is_told_its_own_result_or_error(threads: WorkerThreads) -> None:
    async def ask() -> list[float | BaseException]:
        jobs = [threads.run(partial(divide, number)) for number in (3, 0, 4) * 50]
        return await asyncio.gather(*jobs, return_exceptions=True)

    found = asyncio.run(ask())
    assert [found[0::3], found[2::3]] == [[20] * 50, [15] * 50]
    assert all(isinstance(each, ZeroDivisionError) for each in found[1::3])


def test_who_does_not_wait_any_more_costs_the_next_nothing(threads: WorkerThreads) -> None:
    """Neither one who was cancelled, nor one whose loop has been closed while the job ran."""
    gate = threading.Event()

    async def leave() -> None:
        cancelled, _left_behind = threads.run(gate.wait), threads.run(gate.wait)
        cancelled.cancel()

    async def ask() -> float:
        return await threads.run(partial(divide, 3))

    asyncio.run(leave())
    gate.set()
    assert asyncio.run(ask()) == 20


def test_closing_waits_for_the_job_that_runs(threads: WorkerThreads) -> None:
    ended = threading.Event()

    async def begin() -> None:
        begun = threading.Event()

        def job() -> None:
            begun.set()
            ended.wait(0.05)
            ended.set()

        threads.run(job)
        await asyncio.to_thread(begun.wait)

    asyncio.run(begin())
    threads.close()
    assert ended.is_set()


def test_what_comes_after_the_end_is_refused_and_does_not_wait_for_ever(
    threads: WorkerThreads,
) -> None:
    async def ask() -> float:
        return await asyncio.wait_for(threads.run(partial(divide, 3)), 5)

    threads.close()
    with pytest.raises(NotReadyError):
        asyncio.run(ask())


def test_a_picture_is_not_kept_until_the_next_one_comes(threads: WorkerThreads) -> None:
    async def ask() -> weakref.ref[Picture]:
        picture = Picture()
        await threads.run(partial(id, picture))
        await asyncio.sleep(0.01)  # the thread has told, and is about to wait
        return weakref.ref(picture)

    alive = asyncio.run(ask())
    gc.collect()
    assert alive() is None

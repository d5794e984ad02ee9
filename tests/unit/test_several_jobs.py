"""A place whose request has several jobs: idle workers do them, and nobody else waits for that."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from vistazo.errors import NotReadyError, QueueFullError
from vistazo.observer import Stage
from vistazo.service.admission import Admission, AdmissionPolicy


class Work:
    """Jobs that run until they are let go; what has begun, and how many ran at once."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.most_at_once = 0
        self._running = 0
        self._let_go: dict[str, threading.Event] = defaultdict(threading.Event)
        self._lock = threading.Lock()

    def job(self, name: str) -> Callable[[], str]:
        return partial(self._run, name)

    def jobs(self, caller: str, count: int) -> list[Callable[[], str]]:
        return [self.job(f"{caller}{number}") for number in range(count)]

    def let_go(self, *names: str) -> None:
        for name in names:
            self._let_go[name].set()

    async def has_begun(self, *names: str) -> None:
        """Wait until these have, and then long enough for another to show itself."""
        await self.have_begun(len(names))
        await asyncio.sleep(0.005)
        assert self.begun == list(names)

    async def have_begun(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.begun) < count:  # noqa: ASYNC110 - threads say so
                await asyncio.sleep(0.001)

    def _run(self, name: str) -> str:
        with self._lock:
            self.begun.append(name)
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        assert self._let_go[name].wait(10)
        with self._lock:
            self._running -= 1
        return name


def admission(workers: int = 2, queue_size: int = 8) -> Admission:
    return Admission(AdmissionPolicy(workers, queue_size))


async def batch(gate: Admission, jobs: list[Callable[[], Any]], caller: str = "a") -> list[Any]:
    with gate.place(caller) as place:
        return await place.run_each(jobs)


def checked(attack: Callable[[Admission, Work], Coroutine[Any, Any, None]], workers: int) -> None:
    """Afterwards no worker and no place is lost."""
    gate, work = admission(workers), Work()

    async def run() -> None:
        async with asyncio.timeout(20):
            await attack(gate, work)
        assert (gate.busy_workers, gate.requests, gate.waiting) == (0, 0, 0)

    asyncio.run(run())
    gate.close()


def test_idle_workers_do_several_jobs_at_once_and_the_results_are_in_order() -> None:
    async def attack(gate: Admission, work: Work) -> None:
        running = asyncio.create_task(batch(gate, work.jobs("a", 5)))
        await work.has_begun("a0", "a1", "a2")
        assert (gate.busy_workers, gate.requests, gate.waiting) == (3, 1, 0)
        work.let_go("a1")
        await work.has_begun("a0", "a1", "a2", "a3")
        work.let_go("a0", "a2", "a3", "a4")
        assert await running == ["a0", "a1", "a2", "a3", "a4"]
        assert work.most_at_once == 3

    checked(attack, workers=3)


@pytest.mark.parametrize("who_comes", ["b", "a"])
def test_who_comes_beside_a_batch_has_the_very_next_free_worker(who_comes: str) -> None:
    """Another caller, and another request of the same: many share an address behind a proxy."""

    async def attack(gate: Admission, work: Work) -> None:
        running = asyncio.create_task(batch(gate, work.jobs("a", 16)))
        await work.has_begun("a0", "a1")
        single = asyncio.create_task(batch(gate, [work.job("single")], who_comes))
        await asyncio.sleep(0.005)
        work.let_go("a1", "single")
        assert await single == ["single"]
        await work.has_begun("a0", "a1", "single", "a2")
        work.let_go(*(f"a{number}" for number in range(16)))
        assert await running == [f"a{number}" for number in range(16)]

    checked(attack, workers=2)


def test_a_batch_that_has_just_had_a_worker_is_behind_who_came_meanwhile() -> None:
    """Its next job has waited for an idle worker all the time, and yet has no right to it."""

    async def attack(gate: Admission, work: Work) -> None:
        long = asyncio.create_task(batch(gate, [work.job("long")], "z"))
        await work.has_begun("long")
        running = asyncio.create_task(batch(gate, work.jobs("a", 3)))
        await work.has_begun("long", "a0")
        single = asyncio.create_task(batch(gate, [work.job("single")], "b"))
        await asyncio.sleep(0.005)
        work.let_go("a0")
        await work.has_begun("long", "a0", "single")
        work.let_go("single")
        await work.has_begun("long", "a0", "single", "a1")
        work.let_go("long", "a1", "a2")
        await asyncio.gather(long, running, single)

    checked(attack, workers=2)


def test_batches_of_two_callers_share_the_workers() -> None:
    async def attack(gate: Admission, work: Work) -> None:
        first = asyncio.create_task(batch(gate, work.jobs("a", 8), "a"))
        await work.has_begun("a0", "a1", "a2", "a3")
        second = asyncio.create_task(batch(gate, work.jobs("b", 8), "b"))
        await asyncio.sleep(0.005)
        for ended in range(16):  # one worker is free at a time, so that no thread overtakes another
            work.let_go(work.begun[ended])
            await work.have_begun(min(16, ended + 5))
        await asyncio.gather(first, second)
        last_of_a, last_of_b = work.begun.index("a7"), work.begun.index("b7")
        assert last_of_b - last_of_a <= 5  # and not eight, once all of a's have begun

    checked(attack, workers=4)


def test_of_a_batch_whose_caller_leaves_no_more_begins_and_its_place_is_held_to_the_end() -> None:
    async def attack(gate: Admission, work: Work) -> None:
        running = asyncio.create_task(batch(gate, work.jobs("a", 16)))
        await work.has_begun("a0", "a1")
        running.cancel()
        await asyncio.sleep(0.01)
        assert (gate.busy_workers, gate.requests, running.done()) == (2, 1, False)
        work.let_go("a0")
        await asyncio.sleep(0.01)
        assert (gate.busy_workers, gate.requests, running.done()) == (1, 1, False)
        work.let_go("a1")
        with pytest.raises(asyncio.CancelledError):
            await running
        assert work.begun == ["a0", "a1"]

    checked(attack, workers=2)


def test_a_batch_gives_way_only_while_none_of_its_jobs_runs_and_then_as_a_whole() -> None:
    async def attack(gate: Admission, work: Work) -> None:
        with gate.place("a") as place:
            running = asyncio.create_task(place.run_each(work.jobs("a", 3)))
            await work.has_begun("a0")
            assert not place.is_waiting  # though its second job does
            other = asyncio.create_task(batch(gate, [work.job("other")], "b"))
            await asyncio.sleep(0.005)
            work.let_go("a0")
            await work.has_begun("a0", "other")
            assert place.is_waiting
            place.give_way()
            with pytest.raises(QueueFullError, match="yours"):
                await running
        work.let_go("other")
        await other
        assert work.begun == ["a0", "other"]

    checked(attack, workers=1)


@pytest.mark.parametrize(("workers", "begun"), [(1, "a0"), (2, "a0"), (3, "a0 a2")])
def test_an_error_in_the_middle_is_told_once_what_runs_has_ended_and_no_more_begins(
    workers: int, begun: str
) -> None:
    fails = threading.Event()

    def fail() -> None:
        fails.wait(10)
        raise ZeroDivisionError

    async def attack(gate: Admission, work: Work) -> None:
        jobs = [work.job("a0"), fail, *(work.job(f"a{number}") for number in range(2, 16))]
        running = asyncio.create_task(batch(gate, jobs))
        if workers == 1:
            work.let_go("a0")
        await work.has_begun(*begun.split())
        fails.set()
        await asyncio.sleep(0.01)
        assert running.done() == (workers == 1)  # else a0 still runs
        work.let_go("a0", "a2")
        with pytest.raises(ZeroDivisionError):
            await running
        assert gate.busy_workers == 0
        assert work.begun == begun.split()

    checked(attack, workers)


def test_an_error_at_the_very_moment_of_its_next_turn_is_heeded_too() -> None:
    def fail() -> None:
        time.sleep(0.02)
        raise ZeroDivisionError

    async def attack(gate: Admission, work: Work) -> None:
        other = asyncio.create_task(batch(gate, [work.job("other")], "b"))
        await work.has_begun("other")
        jobs = [fail, *(work.job(f"a{number}") for number in range(1, 16))]
        running = asyncio.create_task(batch(gate, jobs))
        await asyncio.sleep(0.005)
        work.let_go("other", "a1", "a2")
        time.sleep(0.05)  # noqa: ASYNC251 - so that the loop hears of both ends at once
        with pytest.raises(ZeroDivisionError):
            await running
        await other
        assert work.begun == ["other", "a1"]

    checked(attack, workers=2)


def test_a_batch_in_a_service_that_closes_ends_with_what_runs() -> None:
    async def attack(gate: Admission, work: Work) -> None:
        running = asyncio.create_task(batch(gate, work.jobs("a", 16)))
        await work.has_begun("a0", "a1")
        closing = asyncio.create_task(asyncio.to_thread(gate.close))
        await asyncio.sleep(0.01)
        assert not running.done()
        work.let_go("a0")
        await asyncio.sleep(0.01)
        assert (gate.requests, running.done()) == (1, False)
        work.let_go("a1")
        with pytest.raises(NotReadyError):
            await running
        await closing
        assert work.begun == ["a0", "a1"]

    checked(attack, workers=2)


def test_no_worker_is_lost_to_batches_that_leave_at_any_moment() -> None:
    async def attack(gate: Admission, work: Work) -> None:
        del work
        for moment in range(12):
            tasks = [
                asyncio.create_task(batch(gate, [lambda: None] * 5, caller)) for caller in "abab"
            ]
            for task in tasks[1:3]:
                for _ in range(moment):
                    await asyncio.sleep(0)
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        together = threading.Barrier(3, timeout=5)
        await batch(gate, [together.wait] * 3)

    checked(attack, workers=3)


def test_a_batch_that_takes_all_workers_leaves_no_room_for_the_shadow() -> None:
    async def attack(gate: Admission, work: Work) -> None:
        assert gate.has_room
        running = asyncio.create_task(batch(gate, work.jobs("a", 2)))
        await work.has_begun("a0", "a1")
        assert not gate.has_room
        work.let_go("a0")
        await asyncio.sleep(0.01)
        assert gate.has_room
        work.let_go("a1")
        await running

    checked(attack, workers=2)


class Watch:
    def __init__(self) -> None:
        self.took_s: list[float] = []

    def took(self, stage: Stage, seconds: float) -> None:
        assert stage == "queue"
        self.took_s.append(seconds)


def test_waiting_for_its_own_jobs_is_not_told_as_time_in_the_queue() -> None:
    async def attack(gate: Admission, work: Work) -> None:
        watch = Watch()
        with gate.place("a") as place:
            running = asyncio.create_task(place.run_each(work.jobs("a", 3), watch))
            await work.has_begun("a0")
            other = asyncio.create_task(batch(gate, [work.job("b")], "b"))
            await asyncio.sleep(0.05)
            work.let_go("a0")
            await work.has_begun("a0", "b")
            await asyncio.sleep(0.02)
            work.let_go("b", "a1", "a2")
            await asyncio.gather(running, other)
        first, second, third = watch.took_s
        assert first < 0.02
        assert 0.02 < second < 0.05  # behind the other, and not beside its own
        assert third < 0.02

    checked(attack, workers=1)


def test_no_jobs_are_no_work() -> None:
    async def attack(gate: Admission, work: Work) -> None:
        del work
        assert await batch(gate, []) == []

    checked(attack, workers=1)

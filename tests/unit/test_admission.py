from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from vistazo.errors import NotReadyError, QueueFullError
from vistazo.service.admission import Admission, AdmissionPolicy


def admission(workers: int = 1, queue_size: int = 1) -> Admission:
    return Admission(AdmissionPolicy(workers, queue_size))


async def run(gate: Admission, job: Callable[[], Any], caller: str = "a") -> Any:
    with gate.place(caller) as place:
        return await place.run(job)


def test_places_are_the_workers_and_the_queue_and_one_more_is_turned_away_at_once() -> None:
    gate = admission(workers=2, queue_size=1)
    with gate.place("a"), gate.place("a"), gate.place("a"):
        with pytest.raises(QueueFullError), gate.place("a"):
            pass
        assert gate.requests == 3
    assert gate.requests == 0


def test_a_place_is_free_again_after_an_error() -> None:
    gate = admission(workers=1, queue_size=0)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), gate.place("a"):
            raise ValueError("broken")
    assert gate.requests == 0


def test_a_full_queue_is_known_before_a_body_is_read() -> None:
    gate = admission(workers=1, queue_size=0)
    gate.refuse_when_full("a")
    with gate.place("a"), pytest.raises(QueueFullError):
        gate.refuse_when_full("a")


def holding(gate: Admission, callers: str) -> list[str]:
    """Whose requests hold the places once these have come, one after the other."""
    places = []
    with ExitStack() as stack:
        for caller in callers:
            try:
                places.append(stack.enter_context(gate.place(caller)))
            except QueueFullError:
                places.append(None)
        return sorted(place.caller for place in places if place and place.is_waiting)


@pytest.mark.parametrize(
    ("come", "held"),
    [
        ("aaaaaaa", "aaaaa"),
        ("aaaaab", "aaaab"),
        ("aaaaabbbbb", "aaabb"),
        ("aaaaabcdef", "abcde"),
        ("abcdeabcdef", "abcde"),
        ("aaaabbbbc", "aabbc"),
    ],
)
def test_the_caller_with_the_most_places_gives_way_to_one_with_fewer(come: str, held: str) -> None:
    assert "".join(holding(admission(1, 4), come)) == held


def test_who_would_find_a_place_is_not_refused_before_his_body_is_read() -> None:
    gate = admission(1, 1)
    with gate.place("a") as first, gate.place("a") as last:
        gate.refuse_when_full("b")
        assert (first.is_waiting, last.is_waiting) == (True, True)


def held_up(gate: Admission, begun: list[str], callers: str) -> Any:
    """Jobs by these callers, in this order, once the worker is let go; and what became of each."""

    async def ends() -> list[Any]:
        hold = threading.Event()

        def job(name: str) -> str:
            begun.append(name)
            hold.wait(10)
            return name

        tasks = []
        for number, caller in enumerate(callers):
            name = f"{caller}{number}"
            tasks.append(asyncio.create_task(run(gate, lambda name=name: job(name), caller)))
            await asyncio.sleep(0.002)
        hold.set()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert gate.requests == 0
        return [end if isinstance(end, str) else type(end).__name__ for end in ends]

    return asyncio.run(ends())


def test_callers_are_served_in_turn_however_many_places_one_has() -> None:
    gate, begun = admission(1, 9), list[str]()
    held_up(gate, begun, "aaaabac")
    gate.close()
    assert begun == ["a0", "a1", "b4", "c6", "a2", "a3", "a5"]


def test_what_gives_way_is_told_at_once_and_never_begins_and_what_runs_does_not() -> None:
    gate, begun = admission(1, 2), list[str]()
    assert held_up(gate, begun, "aaabcd") == [
        "a0",
        "QueueFullError",
        "QueueFullError",
        "b3",
        "c4",
        "QueueFullError",
    ]
    gate.close()
    assert begun == ["a0", "b3", "c4"]


def test_a_request_that_waits_between_two_jobs_may_give_way() -> None:
    async def between() -> None:
        gate = admission(1, 1)
        with gate.place("a"), gate.place("a") as second:
            await second.run(lambda: None)
            with gate.place("b"), pytest.raises(QueueFullError, match="yours"):
                await second.run(lambda: None)
        gate.close()

    asyncio.run(between())


async def _neighbours_of_one_who_gives_up() -> tuple[list[str], list[str]]:
    gate = admission(workers=1, queue_size=2)
    hold = threading.Event()
    begun: list[str] = []

    def job(name: str) -> str:
        begun.append(name)
        hold.wait(10)
        return name

    first = asyncio.create_task(run(gate, lambda: job("first")))
    given_up = asyncio.create_task(run(gate, lambda: job("given up")))
    last = asyncio.create_task(run(gate, lambda: job("last")))
    await asyncio.sleep(0.05)
    given_up.cancel()
    await asyncio.sleep(0.05)
    hold.set()
    answers = [await first, await last]
    gate.close()
    return answers, begun


def test_neighbours_of_a_caller_that_gave_up_get_their_answer_and_its_job_never_begins() -> None:
    answers, begun = asyncio.run(_neighbours_of_one_who_gives_up())
    assert answers == ["first", "last"]
    assert begun == ["first", "last"]


def test_an_error_of_a_job_reaches_its_caller() -> None:
    gate = admission()

    def fail() -> None:
        raise ValueError("in the worker")

    with pytest.raises(ValueError, match="in the worker"):
        asyncio.run(run(gate, fail))
    gate.close()


async def _one_who_gives_up_in_the_middle() -> list[str]:
    gate, hold, events = admission(workers=1), threading.Event(), list[str]()
    begun = threading.Event()

    def job() -> None:
        begun.set()
        hold.wait(10)
        events.append("ended")

    given_up = asyncio.create_task(run(gate, job))
    await asyncio.to_thread(begun.wait, 10)
    given_up.cancel()
    following = asyncio.create_task(run(gate, lambda: events.append("following")))
    await asyncio.sleep(0.05)
    assert not given_up.done()
    hold.set()
    await following
    assert given_up.cancelled()
    gate.close()
    return events


def test_a_worker_whose_caller_gave_up_in_the_middle_is_not_free_before_its_job_ends() -> None:
    assert asyncio.run(_one_who_gives_up_in_the_middle()) == ["ended", "following"]


async def _crowd_that_comes_and_leaves(gate: Admission) -> None:
    tasks = [asyncio.create_task(run(gate, lambda: None, f"{n % 3}")) for n in range(20)]
    for number, task in enumerate(tasks):
        await asyncio.sleep(0)
        if number % 3:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_no_worker_is_lost_to_callers_who_leave_at_any_moment() -> None:
    gate, together = admission(workers=2, queue_size=20), threading.Barrier(2, timeout=5)

    async def in_the_end() -> None:
        await _crowd_that_comes_and_leaves(gate)
        await asyncio.gather(run(gate, together.wait), run(gate, together.wait))

    asyncio.run(in_the_end())
    gate.close()


def test_a_fault_whose_caller_has_left_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    gate, let_go = admission(), threading.Event()

    def fail() -> None:
        let_go.wait(5)
        raise ValueError("of a damaged picture")

    async def leave() -> None:
        asking = asyncio.ensure_future(run(gate, fail))
        await asyncio.sleep(0.01)
        asking.cancel()
        let_go.set()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(leave())
    gc.collect()
    assert not caplog.records


def test_once_closed_no_job_begins() -> None:
    gate = admission()
    gate.close()
    with pytest.raises(NotReadyError):
        asyncio.run(run(gate, lambda: None))

import asyncio
import threading

import pytest

from vistazo.errors import NotReadyError, QueueFullError
from vistazo.service.admission import Admission, AdmissionPolicy


def admission(workers: int = 1, queue_size: int = 1) -> Admission:
    return Admission(AdmissionPolicy(workers, queue_size))


def test_places_are_the_workers_and_the_queue_and_one_more_is_turned_away_at_once() -> None:
    gate = admission(workers=2, queue_size=1)
    with gate.place(), gate.place(), gate.place():
        with pytest.raises(QueueFullError), gate.place():
            pass
        assert gate.requests == 3
    assert gate.requests == 0


def test_a_place_is_free_again_after_an_error() -> None:
    gate = admission(workers=1, queue_size=0)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), gate.place():
            raise ValueError("broken")
    assert gate.requests == 0


def test_a_full_queue_is_known_before_a_body_is_read() -> None:
    gate = admission(workers=1, queue_size=0)
    gate.refuse_when_full()
    with gate.place(), pytest.raises(QueueFullError):
        gate.refuse_when_full()


async def _neighbours_of_one_who_gives_up() -> tuple[list[str], list[str]]:
    gate = admission(workers=1)
    hold = threading.Event()
    begun: list[str] = []

    def job(name: str) -> str:
        begun.append(name)
        hold.wait(10)
        return name

    first = asyncio.create_task(gate.run(lambda: job("first")))
    given_up = asyncio.create_task(gate.run(lambda: job("given up")))
    last = asyncio.create_task(gate.run(lambda: job("last")))
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
        asyncio.run(gate.run(fail))
    gate.close()


async def _one_who_gives_up_in_the_middle() -> list[str]:
    gate, hold, events = admission(workers=1), threading.Event(), list[str]()
    begun = threading.Event()

    def job() -> None:
        begun.set()
        hold.wait(10)
        events.append("ended")

    given_up = asyncio.create_task(gate.run(job))
    await asyncio.to_thread(begun.wait, 10)
    given_up.cancel()
    following = asyncio.create_task(gate.run(lambda: events.append("following")))
    await asyncio.sleep(0.05)
    assert not given_up.done()
    hold.set()
    await following
    assert given_up.cancelled()
    gate.close()
    return events


def test_a_worker_whose_caller_gave_up_in_the_middle_is_not_free_before_its_job_ends() -> None:
    assert asyncio.run(_one_who_gives_up_in_the_middle()) == ["ended", "following"]


def test_once_closed_no_job_begins() -> None:
    gate = admission()
    gate.close()
    with pytest.raises(NotReadyError):
        asyncio.run(gate.run(lambda: None))

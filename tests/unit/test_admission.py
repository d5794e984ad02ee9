import asyncio
import threading

import pytest

from vistazo.errors import QueueFullError
from vistazo.service.admission import Admission, AdmissionPolicy


def admission(workers: int = 1, queue_size: int = 1, max_bytes: int = 1000) -> Admission:
    return Admission(AdmissionPolicy(workers, queue_size, max_bytes))


def test_places_are_the_workers_and_the_queue_and_one_more_is_turned_away_at_once() -> None:
    gate = admission(workers=2, queue_size=1)
    with gate.place(1), gate.place(1), gate.place(1):
        with pytest.raises(QueueFullError), gate.place(1):
            pass
        assert gate.requests == 3
    assert gate.requests == 0


def test_a_place_is_free_again_after_an_error() -> None:
    gate = admission(workers=1, queue_size=0)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), gate.place(1):
            raise ValueError("broken")
    assert gate.requests == 0


def test_bytes_are_bounded_over_all_requests_together() -> None:
    gate = admission(queue_size=10, max_bytes=100)
    with gate.place(60):
        with pytest.raises(QueueFullError), gate.place(50):
            pass
        with gate.place(40):
            pass


def test_one_large_body_finds_a_place_when_it_is_alone() -> None:
    gate = admission(max_bytes=100)
    with gate.place(500):
        pass


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

"""The same work on many pictures: in order, on all threads, and never all at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import vistazo
from vistazo.pictures.bulk import in_threads


def test_results_are_in_order_whichever_thread_is_first() -> None:
    second_is_done = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert second_is_done.wait(5)
        if number == 1:
            second_is_done.set()
        return number * number

    assert list(in_threads(work, range(100), 2)) == [number * number for number in range(100)]


def test_all_threads_work_at_once() -> None:
    together = threading.Barrier(4, timeout=5)
    assert len(list(in_threads(lambda _: together.wait(), range(16), 4))) == 16


def test_pictures_are_asked_for_as_they_are_needed_and_few_results_are_held() -> None:
    asked = 0

    def pictures() -> Iterator[int]:
        nonlocal asked
        while asked < 10_000:
            asked += 1
            yield asked

    found = in_threads(lambda number: number, pictures(), 2)
    furthest = max(asked - given for given in found)
    assert furthest <= 32
    assert asked == 10_000


def test_an_error_is_raised_in_its_place_and_the_rest_never_begins() -> None:
    begun = []

    def work(number: int) -> int:
        begun.append(number)
        return 1 // (number - 50)

    found = in_threads(work, range(10_000), 2)
    assert [next(found) for _ in range(50)] == [1 // (number - 50) for number in range(50)]
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert max(begun) < 100


def test_who_stops_in_the_middle_waits_for_what_runs_only() -> None:
    begun: list[int] = []
    ended: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        ended.append(number)
        return number

    found = in_threads(work, range(10_000), 2)
    assert next(found) == 0
    found.close()
    assert sorted(begun) == sorted(ended)
    assert len(begun) <= 33
    assert not [each for each in threading.enumerate() if each.name.startswith("picture_")]


def test_a_program_ends_that_stopped_in_the_middle_and_what_runs_ends_before_it() -> None:
    program = (
        "import time\n"
        "from vistazo.pictures.bulk import in_threads\n"
        "def work(number):\n"
        "    time.sleep(0.2 * (number == 3))\n"
        "    print(number)\n"
        "answers = in_threads(work, range(10_000), 1)\n"
        "for _ in zip(range(2), answers): pass\n"
    )
    path = str(Path(vistazo.__file__).parents[1])
    printed = subprocess.check_output(
        [sys.executable, "-c", program], env={"PYTHONPATH": path}, timeout=20
    )
    numbers = [int(number) for number in printed.split()]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) < 100

"""The same work on many pictures, on all threads, however many there are."""

from __future__ import annotations

import atexit
import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, NoReturn, TypeVar

_Picture = TypeVar("_Picture")
_Result = TypeVar("_Result")

# Begun ahead for each thread: a picture that takes long holds up the others only beyond these.
_AHEAD = 16


def in_threads(
    work: Callable[[_Picture], _Result], pictures: Iterable[_Picture], threads: int
) -> Generator[_Result, None, None]:
    """What ``work`` makes of each picture, in their order, as soon as it is there.

    ``pictures`` are asked for as they are needed, and no more results are held than 16 for each
    thread. An error of ``work`` is raised in its place. Whoever stops in the middle, by Ctrl-C too,
    waits for what runs, and the rest never begins; so does the end of the program.
    """
    with _crew(work, threads) as crew:
        for begun, picture in enumerate(pictures, start=1):
            crew.begin(picture)
            if begun >= _AHEAD * threads:
                yield crew.next_result()
        while crew.is_at_work:
            yield crew.next_result()


class _Crew(Generic[_Picture, _Result]):
    """Threads with two queues of the interpreter's own: a pool of futures costs several times as
    much for each picture, on the cores that work on it.
    """

    def __init__(self, work: Callable[[_Picture], _Result]) -> None:
        self._work = work
        self._begun = self._given = 0
        self._tasks: SimpleQueue[tuple[int, _Picture] | None] = SimpleQueue()
        self._ended: SimpleQueue[tuple[int, Callable[[], _Result]]] = SimpleQueue()
        self._early: dict[int, Callable[[], _Result]] = {}

    @property
    def is_at_work(self) -> bool:
        return self._given < self._begun

    def begin(self, picture: _Picture) -> None:
        self._tasks.put((self._begun, picture))
        self._begun += 1

    def next_result(self) -> _Result:
        """Of the first that has not been given. Raises what ``work`` raised."""
        while self._given not in self._early:
            number, result = self._ended.get()
            self._early[number] = result
        self._given += 1
        return self._early.pop(self._given - 1)()

    def work_off(self) -> None:
        """In each thread."""
        while (task := self._tasks.get()) is not None:
            number, picture = task
            self._ended.put((number, _ended(self._work, picture)))

    def end(self, threads: int) -> None:
        """What has not begun never does."""
        with contextlib.suppress(Empty):
            while True:
                self._tasks.get_nowait()
        for _ in range(threads):
            self._tasks.put(None)


def _ended(work: Callable[[_Picture], _Result], picture: _Picture) -> Callable[[], _Result]:
    """Gives the result, or raises the error."""
    try:
        result = work(picture)
    except BaseException as error:  # the boundary of a thread: it is raised where it is asked for
        return partial(_raise, error)
    return lambda: result


def _raise(error: BaseException) -> NoReturn:
    raise error


@contextlib.contextmanager
def _crew(work: Callable[[_Picture], _Result], threads: int) -> Iterator[_Crew[_Picture, _Result]]:
    crew = _Crew(work)
    names = [f"picture_{number}" for number in range(threads)]
    running = [Thread(target=crew.work_off, name=name, daemon=True) for name in names]

    def stop() -> None:
        crew.end(threads)
        for thread in running:
            thread.join()

    # A program may end while it holds results that it never asks for: its end waits for threads
    # that are no daemons before anything could tell them to stop, and cuts daemons off at work.
    atexit.register(stop)
    for thread in running:
        thread.start()
    try:
        yield crew
    finally:
        stop()
        atexit.unregister(stop)

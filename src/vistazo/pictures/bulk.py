"""The same work on many pictures, on all threads, however many there are."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

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
    waits for what runs, and the rest never begins.
    """
    begun: deque[Future[_Result]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="picture") as executor:
        try:
            for picture in pictures:
                begun.append(executor.submit(work, picture))
                if len(begun) >= _AHEAD * threads:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            executor.shutdown(wait=True, cancel_futures=True)

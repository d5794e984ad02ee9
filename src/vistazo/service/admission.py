"""The bounded way to the CPU.

A place is for work: a request takes one once its body is there, so whoever is slow, or declares and
sends nothing, holds none. Where no place is free a request is turned away at once: waiting would
help nobody, and memory stays bounded whatever arrives.

One caller alone may have all places. When another comes, those of his requests that still wait give
way, one by one; and callers are served in turn. So nobody can keep out another by asking much.

A request that has several jobs is owed one worker at a time, like any other. Further ones it has
where they are idle and nobody waits for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from vistazo.errors import QueueFullError
from vistazo.observer import NOBODY, Observer
from vistazo.service.turns import Turns
from vistazo.service.worker_threads import WorkerThreads

_Result = TypeVar("_Result")
_FULL = "Too many pictures are waiting. Send this one again shortly."
_GAVE_WAY = "Too many pictures are waiting, most of them yours. Send this one again shortly."


@dataclass(frozen=True)
class AdmissionPolicy:
    """``workers`` jobs run at once; ``queue_size`` further requests may wait."""

    workers: int
    queue_size: int

    @property
    def places(self) -> int:
        return self.workers + self.queue_size


class Place:
    """One request's, until its answer. Made by ``Admission.place``."""

    def __init__(self, admission: Admission, caller: str) -> None:
        self.caller = caller
        self._admission = admission
        self._turn: asyncio.Future[None] | None = None
        self._owed_since_s: float | None = None  # None: while it waits for a further worker
        self._running = 0  # jobs
        self._has_given_way = False

    @property
    def is_waiting(self) -> bool:
        """For a worker, or for its next job."""
        has_its_turn = self._turn is not None and self._turn.done()
        return not (self._running or has_its_turn or self._has_given_way)

    async def run(self, job: Callable[[], _Result], observer: Observer = NOBODY) -> _Result:
        """Run a job in a worker when it is this caller's turn. Raises as ``run_each``, and what the
        job raises.
        """
        [result] = await self.run_each([job], observer)
        return result

    async def run_each(
        self, jobs: Iterable[Callable[[], _Result]], observer: Observer = NOBODY
    ) -> list[_Result]:
        """Run the jobs, begun in their order, as many at once as there are workers that nobody else
        waits for.

        Raises QueueFullError where the place has to give way before the last has begun,
        NotReadyError once closed, and what a job raises: then no more begin. When the caller is
        cancelled neither do they. A job that runs cannot be stopped: until it ends its worker is
        not free, and this does not return.
        """
        running: list[asyncio.Future[_Result]] = []
        try:
            for job in jobs:
                if any(map(_failure, running)):
                    break
                running.append(await self._begin(job, observer))
            await _all_ended(running)
        finally:
            await _all_ended(running)
        return [each.result() for each in running]

    async def _begin(
        self, job: Callable[[], _Result], observer: Observer
    ) -> asyncio.Future[_Result]:
        if self._has_given_way:
            raise QueueFullError(_GAVE_WAY)
        self._owed_since_s = None if self._running else time.perf_counter()
        turn = self._admission.turn(self.caller, is_further=self._running > 0)
        self._turn = turn
        try:
            await turn
            running = self._admission.execute(job)
        except BaseException:
            self._admission.withdraw(self.caller, turn)
            raise
        finally:
            self._turn = None
            owed_s = time.perf_counter() - self._owed_since_s if self._owed_since_s else 0.0
            observer.took("queue", owed_s)
        self._running += 1
        running.add_done_callback(self._ended)
        return running

    def _ended(self, running: asyncio.Future[Any]) -> None:
        """The next of its jobs is owed a worker where none is left that runs, behind all others;
        after a failure there is no next one.
        """
        self._running -= 1
        failure = _failure(running)  # asked for also where nobody waits: else asyncio would log it
        if self._turn is not None and not self._turn.done():
            if failure is not None:
                self._turn.set_exception(failure)
            elif not self._running:
                self._owed_since_s = time.perf_counter()
                self._admission.owe(self.caller, self._turn)
        self._admission.free_worker()

    def give_way(self) -> None:
        """It is free from now on; whoever waits in it is told soon. Not while it has a worker."""
        self._has_given_way = True
        self._admission.discard(self)
        if self._turn is not None:
            self._turn.set_exception(QueueFullError(_GAVE_WAY))


class Admission:
    """Used from one event loop; the work itself runs in threads."""

    def __init__(self, policy: AdmissionPolicy) -> None:
        self.policy = policy
        self._threads = WorkerThreads(policy.workers)
        self._free_workers = policy.workers
        # Jobs wait here and not for the threads, which would keep what was cancelled, with its
        # picture, until one of them comes by.
        self._turns: Turns[asyncio.Future[None]] = Turns()
        self._further_turns: Turns[asyncio.Future[None]] = Turns()
        self._places: dict[Place, None] = {}  # in the order of their coming

    @property
    def requests(self) -> int:
        """Requests that hold a place now."""
        return len(self._places)

    @property
    def waiting(self) -> int:
        """Requests that hold a place and wait in it."""
        return sum(place.is_waiting for place in self._places)

    @property
    def busy_workers(self) -> int:
        return self.policy.workers - self._free_workers

    @property
    def has_room(self) -> bool:
        """Whether a worker is free, and stays so for all requests that hold a place."""
        return self._free_workers > 0 and self.requests < self.policy.workers

    def refuse_when_full(self, caller: str) -> None:
        """Before a body is read that would find no place. Raises QueueFullError."""
        self._who_gives_way(caller)

    @contextlib.contextmanager
    def place(self, caller: str) -> Iterator[Place]:
        """Hold a place. Raises QueueFullError at once where none is free and nobody gives way."""
        other = self._who_gives_way(caller)
        if other is not None:
            other.give_way()
        place = Place(self, caller)
        self._places[place] = None
        try:
            yield place
        finally:
            self.discard(place)

    def discard(self, place: Place) -> None:
        self._places.pop(place, None)

    def _who_gives_way(self, caller: str) -> Place | None:
        """Nobody where a place is free. Else the last that came and waits, of the caller with the
        most places, if he keeps as many as the newcomer will have: who share evenly do not drive
        each other out. Raises QueueFullError where there is none.
        """
        if self.requests < self.policy.places:
            return None
        held = Counter(place.caller for place in self._places)
        those = [
            place
            for place in reversed(self._places)
            if place.is_waiting and held[place.caller] >= held[caller] + 2
        ]
        if not those:
            raise QueueFullError(_FULL)
        return max(those, key=lambda place: held[place.caller])

    def turn(self, caller: str, *, is_further: bool = False) -> asyncio.Future[None]:
        """Done when there is a worker for this caller: in his turn, or, a further one, when nobody
        waits. Then it is his until ``free_worker``.
        """
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._further_turns if is_further else self._turns).add(caller, turn)
        self._give_turns()
        return turn

    def owe(self, caller: str, turn: asyncio.Future[None]) -> None:
        """What was a further worker is the only one now, and in its caller's turn."""
        self._further_turns.remove(caller, turn)
        self._turns.add(caller, turn)

    def withdraw(self, caller: str, turn: asyncio.Future[None]) -> None:
        """Its worker is wanted no more; where there is one already it is free again."""
        self._turns.remove(caller, turn)
        self._further_turns.remove(caller, turn)
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self.free_worker()

    def free_worker(self) -> None:
        self._free_workers += 1
        self._give_turns()

    def _give_turns(self) -> None:
        while self._free_workers and (turns := self._turns or self._further_turns):
            turn = turns.take()
            if not turn.done():  # else its caller has just left, or given way
                self._free_workers -= 1
                turn.set_result(None)

    def execute(self, job: Callable[[], _Result]) -> asyncio.Future[_Result]:
        """In a worker that there is a turn for. Raises NotReadyError."""
        return self._threads.run(job)

    def close(self) -> None:
        """Wait for running jobs; those that wait for their turn never run."""
        self._threads.close()


def _failure(running: asyncio.Future[Any]) -> BaseException | None:
    return running.exception() if running.done() else None


async def _all_ended(running: Sequence[asyncio.Future[Any]]) -> None:
    if not all(each.done() for each in running):
        await asyncio.wait(running)

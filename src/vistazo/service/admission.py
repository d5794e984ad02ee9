"""The bounded way to the CPU.

A place is for work: a request takes one once its body is there, so whoever is slow, or declares and
sends nothing, holds none. Where no place is free a request is turned away at once: waiting would
help nobody, and memory stays bounded whatever arrives.

One caller alone may have all places. When another comes, those of his requests that still wait give
way, one by one; and callers are served in turn. So nobody can keep out another by asking much.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from vistazo.errors import NotReadyError, QueueFullError
from vistazo.observer import NOBODY, Observer, during
from vistazo.service.turns import Turns

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
        self._is_running = False
        self._has_given_way = False

    @property
    def is_waiting(self) -> bool:
        """For a worker, or for its next job."""
        has_its_turn = self._turn is not None and self._turn.done()
        return not (self._is_running or has_its_turn or self._has_given_way)

    async def run(self, job: Callable[[], _Result], observer: Observer = NOBODY) -> _Result:
        """Run a job in a worker when it is this caller's turn.

        Raises QueueFullError where the place has to give way first, NotReadyError once closed. When
        the caller is cancelled, a job that has not begun never does; one that runs cannot be
        stopped, and its worker is not free before it ends.
        """
        if self._has_given_way:
            raise QueueFullError(_GAVE_WAY)
        self._turn = self._admission.turn(self.caller)
        async with self._admission.worker(self.caller, self._turn, observer):
            self._is_running = True
            try:
                return await self._admission.execute(job)
            finally:
                self._is_running, self._turn = False, None

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
        self._executor = ThreadPoolExecutor(policy.workers, thread_name_prefix="classify")
        self._free_workers = policy.workers
        # Jobs wait here and not in the executor, which keeps what was cancelled, with its picture,
        # until a worker comes by.
        self._turns: Turns[asyncio.Future[None]] = Turns()
        self._places: dict[Place, None] = {}  # in the order of their coming
        self._is_closed = False

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
        return self.requests < self.policy.workers

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

    def turn(self, caller: str) -> asyncio.Future[None]:
        """Done when it is this caller's turn to have a worker."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.add(caller, turn)
        self._give_turns()
        return turn

    @contextlib.asynccontextmanager
    async def worker(
        self, caller: str, turn: asyncio.Future[None], observer: Observer
    ) -> AsyncIterator[None]:
        """Wait for the turn, and have a worker meanwhile."""
        try:
            with during("queue", observer):
                await turn
            yield
        finally:
            self._turns.remove(caller, turn)
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._free_workers += 1
                self._give_turns()

    def _give_turns(self) -> None:
        while self._turns and self._free_workers:
            turn = self._turns.take()
            if not turn.done():  # else its caller has just left, or given way
                self._free_workers -= 1
                turn.set_result(None)

    async def execute(self, job: Callable[[], _Result]) -> _Result:
        if self._is_closed:
            raise NotReadyError("The service is shutting down.")
        running = asyncio.get_running_loop().run_in_executor(self._executor, job)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            _ = running.exception()  # told to nobody: who asked has left
            raise

    def close(self) -> None:
        """Wait for running jobs; drop those that have not begun."""
        self._is_closed = True
        self._executor.shutdown(wait=True, cancel_futures=True)

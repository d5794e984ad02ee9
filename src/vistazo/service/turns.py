"""Whose turn it is."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

_Waiting = TypeVar("_Waiting")


class Turns(Generic[_Waiting]):
    """A queue for each caller, served in turn: one of each, however many somebody has in it."""

    def __init__(self) -> None:
        # The caller who is next comes first.
        self._queues: dict[str, deque[_Waiting]] = {}

    def __bool__(self) -> bool:
        return bool(self._queues)

    def add(self, caller: str, waiting: _Waiting) -> None:
        self._queues.setdefault(caller, deque()).append(waiting)

    def take(self) -> _Waiting:
        """The next; then it is another caller's turn. There has to be one."""
        caller = next(iter(self._queues))
        queue = self._queues.pop(caller)
        waiting = queue.popleft()
        if queue:
            self._queues[caller] = queue
        return waiting

    def remove(self, caller: str, waiting: _Waiting) -> None:
        """Unless it is gone already."""
        queue = self._queues.get(caller, deque())
        if waiting in queue:
            queue.remove(waiting)
            if not queue:
                del self._queues[caller]

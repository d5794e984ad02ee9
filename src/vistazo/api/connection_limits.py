"""Connections that nobody waits for: bounded in number and in time.

uvicorn bounds how long it keeps a connection after an answer, and nothing else: not how long the
head of a request takes, nor an answer that is not fetched, nor the number of connections. (Its
``limit_concurrency`` answers 503 to everybody, health checks too, for as long as others stay.)
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, cast

from vistazo.api.connection import Connection

log = logging.getLogger(__name__)

EndedBy = Literal["malformed", "slow_head", "answer_not_fetched", "too_many"]

# How many the event loop accepts at a time. As many may be about to be made and to be closed.
ACCEPTED_AT_ONCE = 32
# Descriptors for those, the listener, the model, the log, a child that compiles.
_SPARE_DESCRIPTORS = 160
_FEWEST = 16
# Of the time for a head. A crowd that comes at once shall not go, and come back, at once.
_SOONEST_SHARE = 0.7
# Of an answer that its caller does not fetch.
_STALLED_S = 30.0


@dataclass(frozen=True)
class ConnectionPolicy:
    """``header_timeout_s`` is for the whole head of a request, from its first byte or from the
    connection's start; ``keep_alive_timeout_s`` is from an answer to the next request.
    """

    max_connections: int
    header_timeout_s: float
    keep_alive_timeout_s: float


def bounded_http(
    policy: ConnectionPolicy, ended: Counter[str] | None = None
) -> type[asyncio.Protocol]:
    """For uvicorn's option ``http``: HTTP/1.1 within the bounds, all connections together.

    Those that are ended for passing a bound are counted in ``ended``.
    """
    most = _within_descriptors(policy.max_connections)
    connections = Connections(most, Counter() if ended is None else ended)
    return cast("type[asyncio.Protocol]", partial(BoundedConnection, policy, connections))


def _within_descriptors(wanted: int) -> int:
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wanted
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(_FEWEST, descriptors - _SPARE_DESCRIPTORS))


class BoundedConnection(Connection):
    """One connection: it waits for a request, or works on one."""

    def __init__(
        self, policy: ConnectionPolicy, connections: Connections, *args: Any, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.timeout_keep_alive = policy.keep_alive_timeout_s  # type: ignore[assignment]
        self._header_timeout_s = policy.header_timeout_s
        self._all = connections
        self._head_timer: asyncio.TimerHandle | None = None
        self._stalled_timer: asyncio.TimerHandle | None = None

    @property
    def is_waiting(self) -> bool:
        """For a request, or for the rest of one that is answered already."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def is_held_up(self) -> bool:
        """By its caller, who does not send the rest of a body, or does not fetch an answer."""
        return self.cycle.more_body or self.cycle.response_started or self.flow.write_paused

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._all.add(self)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._all.note(self)
        if self.is_waiting:
            self._expect_head()
        else:
            self._stop_head_timer()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._all.note(self)
        if self.transport.is_closing():
            self._watch_the_answer()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._watch_the_answer()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_the_answer()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            self._stop_stalled_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.discard(self)
        self._stop_head_timer()
        self._stop_stalled_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        self._all.ended["malformed"] += 1
        super().send_400_response(msg)

    def end(self, reason: EndedBy) -> None:
        """At once, whatever is still to be sent."""
        self._all.ended[reason] += 1
        self.transport.abort()

    def _expect_head(self) -> None:
        """Further bytes of it do not give it more time."""
        if self._head_timer is None and not self.transport.is_closing():
            share = random.uniform(_SOONEST_SHARE, 1)  # noqa: S311 - no secret
            self._head_timer = self.loop.call_later(
                share * self._header_timeout_s, self.end, "slow_head"
            )

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _watch_the_answer(self) -> None:
        self._stop_stalled_timer()
        unsent = self.transport.get_write_buffer_size()
        self._stalled_timer = self.loop.call_later(_STALLED_S, self._end_if_stalled, unsent)

    def _end_if_stalled(self, unsent_before: int) -> None:
        if self.transport.get_write_buffer_size() < unsent_before:
            self._watch_the_answer()
        else:
            self.end("answer_not_fetched")

    def _stop_stalled_timer(self) -> None:
        if self._stalled_timer is not None:
            self._stalled_timer.cancel()
            self._stalled_timer = None


class Connections:
    """All that are open. Where one more comes than may be, another ends for it: the one that has
    waited longest for a request; else the one whose caller has held it up longest.
    """

    def __init__(self, most: int, ended: Counter[str]) -> None:
        self.ended = ended
        self._most = most
        # In the order of their coming to that state.
        self._waiting: dict[BoundedConnection, None] = {}
        self._working: dict[BoundedConnection, None] = {}

    def add(self, connection: BoundedConnection) -> None:
        if len(self._waiting) + len(self._working) >= self._most:
            self._end_one_for(connection)
        if not connection.transport.is_closing():
            self._waiting[connection] = None

    def note(self, connection: BoundedConnection) -> None:
        """Whether it waits or works, which may have changed."""
        there, here = self._waiting, self._working
        if connection.is_waiting:
            there, here = here, there
        if connection in there:
            del there[connection]
            here[connection] = None

    def discard(self, connection: BoundedConnection) -> None:
        self._waiting.pop(connection, None)
        self._working.pop(connection, None)

    def _end_one_for(self, newcomer: BoundedConnection) -> None:
        ended = next(iter(self._waiting), None) or self._held_up() or newcomer
        self.discard(ended)
        ended.end("too_many")
        log.warning("too many connections: one was closed for another", extra={"most": self._most})

    def _held_up(self) -> BoundedConnection | None:
        return next((each for each in self._working if each.is_held_up), None)

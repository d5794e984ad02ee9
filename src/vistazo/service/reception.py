"""The bounded way in: bodies while they arrive, and until they are answered.

What is charged are bytes that are there, not those that were declared. While there is room nobody
is turned away; where there is none the slowest gives way, of the caller who holds the most, and
whoever holds more than an even share to one who does not, unless he is being answered. So one
caller cannot keep out another, and callers whom a proxy shows under one address share well too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Protocol

from vistazo.errors import QueueFullError, SlowUploadError

_GAVE_WAY = "Too many uploads at once, and this one gave way. Send it again shortly."
_NO_ROOM = "Too many bytes are waiting. Send this again shortly."
# Who has sent a piece within this time is not slow, and does not give way.
_QUICK_S = 1.0


@dataclass(frozen=True)
class ReceptionPolicy:
    """``max_bytes`` and ``max_uploads`` are for all callers together.

    Every ``grace_s`` an upload has to bring that time's share of ``min_bytes_per_s``. It ends
    within ``timeout_s``, and what the bytes that it has brought may take at that rate: a slow line
    that goes on is none that is cut, and what is only declared earns nothing.
    """

    max_bytes: int
    max_uploads: int
    grace_s: float
    min_bytes_per_s: float
    timeout_s: float

    @property
    def piece_bytes(self) -> float:
        return self.grace_s * self.min_bytes_per_s

    def most_s(self, n_bytes: int) -> float:
        """Of an upload that has brought so many."""
        earned_s = n_bytes / self.min_bytes_per_s if self.min_bytes_per_s else 0
        return self.timeout_s + earned_s


class Waiting(Protocol):
    """Where a request waits for its answer once its body is there."""

    @property
    def is_waiting(self) -> bool: ...

    def give_way(self) -> None:
        """End that wait, with QueueFullError."""


class Upload:
    """One body, from its first byte until its answer. Made by ``Reception.upload``."""

    def __init__(self, reception: Reception, caller: str) -> None:
        self.caller = caller
        self.n_bytes = 0
        self.is_arriving = False
        self.piece_began_s = 0.0
        self._reception = reception
        self._piece_bytes = 0
        self._has_given_way = False
        self._began_s = 0.0
        self._deadline: asyncio.Timeout | None = None
        self._place: Waiting | None = None

    @property
    def can_give_way(self) -> bool:
        """Not while it is being answered."""
        return self.is_arriving or (self._place is not None and self._place.is_waiting)

    @contextlib.asynccontextmanager
    async def arriving(self) -> AsyncIterator[None]:
        """While the body is read. Raises SlowUploadError, and QueueFullError where it gives way."""
        policy, now_s = self._reception.policy, _now_s()
        self._began_s = self.piece_began_s = now_s
        self.is_arriving = True
        try:
            async with asyncio.timeout_at(self._next_deadline_s()) as self._deadline:
                yield
        except TimeoutError:
            if self._has_given_way:
                raise QueueFullError(_GAVE_WAY) from None
            raise SlowUploadError(_too_slow(policy, is_late=_now_s() >= self._ends_s())) from None
        finally:
            self.is_arriving = False

    def received(self, n_bytes: int) -> None:
        """Charge what has just arrived. Raises QueueFullError where there is no room for it."""
        if self._has_given_way:
            raise QueueFullError(_GAVE_WAY)
        self._reception.make_room(self, n_bytes)
        self.n_bytes += n_bytes
        self._piece_bytes += n_bytes
        if self._piece_bytes >= self._reception.policy.piece_bytes:
            self._piece_bytes, self.piece_began_s = 0, _now_s()
        self._end_at(self._next_deadline_s())

    def grown(self, n_bytes: int) -> None:
        """Charge what it has become beyond what arrived, as it was compressed. Raises
        QueueFullError where there is no room for that.
        """
        if self._has_given_way:
            raise QueueFullError(_GAVE_WAY)
        self._reception.make_room(self, n_bytes)
        self.n_bytes += n_bytes

    def wait_in(self, place: Waiting) -> None:
        """Its body is there."""
        self._place = place

    def give_way(self) -> None:
        """Its bytes are free from now on; whoever reads it, or waits in its place, is told soon."""
        self.is_arriving, self._has_given_way, self.n_bytes = False, True, 0
        if self._place is not None:
            self._place.give_way()
        else:
            self._end_at(_now_s())

    def _end_at(self, when_s: float) -> None:
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(when_s)

    def _ends_s(self) -> float:
        return self._began_s + self._reception.policy.most_s(self.n_bytes)

    def _next_deadline_s(self) -> float:
        return min(self._ends_s(), self.piece_began_s + self._reception.policy.grace_s)


class Reception:
    """Used from one event loop."""

    def __init__(self, policy: ReceptionPolicy) -> None:
        self.policy = policy
        self._uploads: dict[Upload, None] = {}  # in the order of their coming

    @property
    def n_bytes(self) -> int:
        """What all bodies together hold."""
        return sum(upload.n_bytes for upload in self._uploads)

    @property
    def arriving(self) -> list[Upload]:
        """Those whose body is being read now."""
        return [upload for upload in self._uploads if upload.is_arriving]

    @contextlib.contextmanager
    def upload(self, caller: str) -> Iterator[Upload]:
        """A body of this caller. Where too many arrive, the slowest gives way."""
        upload = Upload(self, caller)
        arriving = self.arriving
        if len(arriving) >= self.policy.max_uploads:
            _slowest(arriving, Counter(each.caller for each in arriving)).give_way()
        self._uploads[upload] = None
        try:
            yield upload
        finally:
            self._uploads.pop(upload)

    def make_room(self, upload: Upload, n_bytes: int) -> None:
        """For that many bytes more. A body larger than the whole room finds it when alone.

        Raises QueueFullError where there is none, or where it is this upload that has to give way.
        """
        while len(self._uploads) > 1 and self.n_bytes + n_bytes > self.policy.max_bytes:
            other = self._who_gives_way(upload.caller, n_bytes)
            if other is None:
                raise QueueFullError(_NO_ROOM)
            if other is upload:
                raise QueueFullError(_GAVE_WAY)
            other.give_way()

    def _who_gives_way(self, caller: str, n_bytes: int) -> Upload | None:
        """Of those who hold too much the slowest, else the last that came; else the slowest."""
        held, latest_s = self._held(), _now_s() - _QUICK_S
        slow = [each for each in self.arriving if each.piece_began_s <= latest_s]
        if too_much := self._too_much(held, caller, n_bytes):
            slow = [each for each in slow if each in too_much]
            return _slowest(slow or too_much[-1:], held)
        if sum(each.caller == caller for each in self._uploads) > 1:
            slow = [each for each in slow if held[each.caller] >= held[caller]]
        return _slowest(slow, held) if slow else None

    def _too_much(self, held: Counter[str], caller: str, n_bytes: int) -> list[Upload]:
        """What the one with the most bytes may lose, where that is more than an even share, to a
        caller who with ``n_bytes`` more has no more than that.
        """
        share = self.policy.max_bytes / len(held | Counter({caller: 1}))
        if held[caller] + n_bytes > share:
            return []
        those = [
            each
            for each in self._uploads
            if held[each.caller] > share and each.n_bytes and each.can_give_way
        ]
        most = max((held[each.caller] for each in those), default=0)
        return [each for each in those if held[each.caller] == most]

    def _held(self) -> Counter[str]:
        """Bytes by caller who holds any."""
        held: Counter[str] = Counter()
        for upload in self._uploads:
            held[upload.caller] += upload.n_bytes
        return +held


def _slowest(uploads: list[Upload], held: Counter[str]) -> Upload:
    """Of the caller who holds the most."""
    return max(uploads, key=lambda upload: (held[upload.caller], -upload.piece_began_s))


def _too_slow(policy: ReceptionPolicy, *, is_late: bool) -> str:
    if is_late:
        rate = policy.min_bytes_per_s
        more = f", and a second more for each {rate:g} bytes that came" if rate else ""
        return f"The upload did not arrive within {policy.timeout_s:g} s{more}."
    return (
        f"The upload was slower than {policy.min_bytes_per_s:g} bytes/s for {policy.grace_s:g} s."
    )


def _now_s() -> float:
    return asyncio.get_running_loop().time()

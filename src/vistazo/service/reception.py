"""The bounded way in: bodies while they arrive, and until they are answered.

What is charged are bytes that are there, not those that were declared. While there is room nobody
is turned away; where there is none the slowest gives way, of the address that holds the most. So
one caller cannot keep out another, and callers whom a proxy shows under one address share well too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from vistazo.errors import QueueFullError, SlowUploadError

_GAVE_WAY = "Too many uploads at once; this one was the slowest. Send it again shortly."
_NO_ROOM = "Too many bytes are waiting. Send this again shortly."
# Who has sent a piece within this time is not slow, and does not give way.
_QUICK_S = 1.0


@dataclass(frozen=True)
class ReceptionPolicy:
    """``max_bytes`` and ``max_uploads`` are for all callers together.

    Every ``grace_s`` an upload has to bring that time's share of ``min_bytes_per_s``, and it ends
    within ``timeout_s``.
    """

    max_bytes: int
    max_uploads: int
    grace_s: float
    min_bytes_per_s: float
    timeout_s: float

    @property
    def piece_bytes(self) -> float:
        return self.grace_s * self.min_bytes_per_s


class Upload:
    """One body, from its first byte until its answer. Made by ``Reception.upload``."""

    def __init__(self, reception: Reception, address: str) -> None:
        self.address = address
        self.n_bytes = 0
        self.is_arriving = False
        self.piece_began_s = 0.0
        self._reception = reception
        self._piece_bytes = 0
        self._has_given_way = False
        self._ends_s = 0.0
        self._deadline: asyncio.Timeout | None = None

    @contextlib.asynccontextmanager
    async def arriving(self) -> AsyncIterator[None]:
        """While the body is read. Raises SlowUploadError, and QueueFullError where it gives way."""
        policy, now_s = self._reception.policy, _now_s()
        self._ends_s, self.piece_began_s = now_s + policy.timeout_s, now_s
        self.is_arriving = True
        try:
            async with asyncio.timeout_at(self._next_deadline_s()) as self._deadline:
                yield
        except TimeoutError:
            if self._has_given_way:
                raise QueueFullError(_GAVE_WAY) from None
            raise SlowUploadError(_too_slow(policy, is_late=_now_s() >= self._ends_s)) from None
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

    def give_way(self) -> None:
        """Its bytes are free from now on; whoever reads it is told soon."""
        self.is_arriving, self._has_given_way, self.n_bytes = False, True, 0
        self._end_at(_now_s())

    def _end_at(self, when_s: float) -> None:
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(when_s)

    def _next_deadline_s(self) -> float:
        return min(self._ends_s, self.piece_began_s + self._reception.policy.grace_s)


class Reception:
    """Used from one event loop."""

    def __init__(self, policy: ReceptionPolicy) -> None:
        self.policy = policy
        self._uploads: set[Upload] = set()

    @property
    def n_bytes(self) -> int:
        """What all bodies together hold."""
        return sum(upload.n_bytes for upload in self._uploads)

    @property
    def arriving(self) -> list[Upload]:
        """Those whose body is being read now."""
        return [upload for upload in self._uploads if upload.is_arriving]

    @contextlib.contextmanager
    def upload(self, address: str) -> Iterator[Upload]:
        """A body of a caller at this address. Where too many arrive, the slowest gives way."""
        upload = Upload(self, address)
        arriving = self.arriving
        if len(arriving) >= self.policy.max_uploads:
            _slowest(arriving, Counter(each.address for each in arriving)).give_way()
        self._uploads.add(upload)
        try:
            yield upload
        finally:
            self._uploads.discard(upload)

    def make_room(self, upload: Upload, n_bytes: int) -> None:
        """For that many bytes more. A body larger than the whole room finds it when alone.

        Raises QueueFullError where there is none, or where it is this upload that has to give way.
        """
        while len(self._uploads) > 1 and self.n_bytes + n_bytes > self.policy.max_bytes:
            latest_s = _now_s() - _QUICK_S
            slow = [each for each in self.arriving if each.piece_began_s <= latest_s]
            if not slow:
                raise QueueFullError(_NO_ROOM)
            slowest = _slowest(slow, self._held())
            if slowest is upload:
                raise QueueFullError(_GAVE_WAY)
            slowest.give_way()

    def _held(self) -> Counter[str]:
        """Bytes by address."""
        held: Counter[str] = Counter()
        for upload in self._uploads:
            held[upload.address] += upload.n_bytes
        return held


def _slowest(uploads: list[Upload], held: Counter[str]) -> Upload:
    """Of the address that holds the most."""
    return max(uploads, key=lambda upload: (held[upload.address], -upload.piece_began_s))


def _too_slow(policy: ReceptionPolicy, *, is_late: bool) -> str:
    if is_late:
        return f"The upload did not arrive within {policy.timeout_s:g} s."
    return (
        f"The upload was slower than {policy.min_bytes_per_s:g} bytes/s for {policy.grace_s:g} s."
    )


def _now_s() -> float:
    return asyncio.get_running_loop().time()

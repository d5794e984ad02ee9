"""Asks the Redis, and never waits long for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from vistazo.service.shared_state.breaker import Breaker
from vistazo.service.shared_state.call import Call, Client, LostError, Reason

# A process that was held back, by the limit of its CPU, finds the time over and the answer there,
# unread: that is not Redis's fault.
_TO_READ_S = 0.005

Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class _Asked(Generic[Answer]):
    call: Call
    answer: asyncio.Future[Answer | None]
    timeout_s: float


class Link(Generic[Answer]):
    """For one event loop. What is asked while an answer is under way goes together, in one round
    trip. Nobody waits longer than ``timeout_s``, and nobody at all while the breaker is open.

    Two things are told apart. Redis is slow, and the breaker opens, where a round trip takes longer
    than that from when it was sent. Who waits that long in all, behind another round trip and for
    his own, goes on without an answer; what he asked is sent all the same, and says nothing of
    Redis.

    ``read`` makes an answer of what came; it raises ValueError for anything else.
    """

    def __init__(
        self, client: Client, breaker: Breaker, read: Callable[[object], Answer], timeout_s: float
    ) -> None:
        self.breaker = breaker
        self._client = client
        self._read = read
        self._timeout_s = timeout_s
        self._asked: list[_Asked[Answer]] = []
        self._carrier: asyncio.Task[None] | None = None

    async def ask(self, call: Call) -> Answer | None:
        """The answer; None where there is none: go on without."""
        if not self.breaker.is_closed:
            return None
        return await self.try_out(call, self._timeout_s)

    async def try_out(self, call: Call, timeout_s: float) -> Answer | None:
        """The same, though the breaker is open: whether it answers again. That may take longer: a
        connection has to be made, and nobody is kept waiting.
        """
        answer: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._asked.append(_Asked(call, answer, timeout_s))
        if self._carrier is None or self._carrier.done():
            self._carrier = asyncio.create_task(self._carry())
        return answer.result() if await _is_there(answer, timeout_s) else None

    async def close(self) -> None:
        if self._carrier is not None and not self._carrier.done():
            self._carrier.cancel()
            await asyncio.wait({self._carrier})
        await self._client.close()

    async def _carry(self) -> None:
        try:
            while self._asked:
                together, self._asked = self._asked, []
                await self._carried(together)
        finally:
            _answer(self._asked, [None] * len(self._asked))

    async def _carried(self, together: list[_Asked[Answer]]) -> None:
        answers: Sequence[Answer | None] = [None] * len(together)
        try:
            answers = [self._read(each) for each in await self._answered(together)]
            self.breaker.succeeded()
        except LostError as error:
            self._lose(error.reason)
        except ValueError:
            self._lose("not_understood")
        finally:
            _answer(together, answers)

    def _lose(self, reason: Reason) -> None:
        """Whoever has come meanwhile need not wait to learn it."""
        self.breaker.failed(reason)
        waiting, self._asked = self._asked, []
        _answer(waiting, [None] * len(waiting))

    async def _answered(self, together: list[_Asked[Answer]]) -> list[object]:
        """Raises LostError."""
        sending = asyncio.create_task(self._client.send([each.call for each in together]))
        try:
            if await _is_there(sending, min(each.timeout_s for each in together)):
                return sending.result()
            raise LostError("slow")
        finally:
            sending.cancel()
            sending.add_done_callback(_forget)


async def _is_there(awaited: asyncio.Future[Any], timeout_s: float) -> bool:
    """It came in time."""
    for wait_s in (timeout_s, _TO_READ_S):
        await asyncio.wait({awaited}, timeout=wait_s)
        if awaited.done():
            return True
    return False


def _answer(asked: Sequence[_Asked[Answer]], answers: Sequence[Answer | None]) -> None:
    for each, answer in zip(asked, answers, strict=True):
        each.answer.set_result(answer)  # who asked may be gone


def _forget(sending: asyncio.Task[list[object]]) -> None:
    """What became of it concerns nobody any more."""
    if not sending.cancelled():
        sending.exception()

"""A connection to Redis. Imported only where there is one: it needs the extra ``redis``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from redis import exceptions
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from vistazo.service.shared_state.call import Call, LostError, Reason

# Of the client itself; whoever asks waits less.
_LONGEST_S = 5.0
_LONGEST_CLOSE_S = 0.5
# By what the client knows an error; then by a word that it still holds: older ones put what went
# wrong within a script into the middle of another error.
_KINDS: dict[type[Exception], Reason] = {
    exceptions.OutOfMemoryError: "full",
    exceptions.ReadOnlyError: "takes_no_writes",
    exceptions.AuthenticationError: "refused",
    exceptions.NoPermissionError: "refused",
}
_WORDS: dict[str, Reason] = {
    "certificate verify failed": "not_trusted",
    "OOM ": "full",
    "READONLY ": "takes_no_writes",
    "MISCONF ": "takes_no_writes",
    "NOREPLICAS ": "takes_no_writes",
    "NOAUTH ": "refused",
    "NOPERM ": "refused",
}
_LATER_KINDS: dict[type[Exception], Reason] = {
    TimeoutError: "slow",
    exceptions.TimeoutError: "slow",
    OSError: "unreachable",
    exceptions.ConnectionError: "unreachable",
}


class RedisClient:
    """One connection, made when it is needed. After an error it is thrown away: nobody knows what
    still lies in it. Raises ValueError for a URL that cannot be used.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._redis = self._made()
        self._closing: set[asyncio.Task[None]] = set()

    async def send(self, calls: Sequence[Call]) -> list[object]:
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for call in calls:
                    pipeline.execute_command("EVAL", call.script, 1, call.key, *call.arguments)
                replies = await pipeline.execute(raise_on_error=False)
        except asyncio.CancelledError:
            self._begin_anew()
            raise
        except Exception as error:  # whatever a server that is no Redis makes the client raise
            self._begin_anew()
            raise LostError(_reason(error)) from None  # its words are not ours to quote
        for reply in replies:
            if isinstance(reply, Exception):
                raise LostError(_reason(reply)) from None
        return list(replies)

    async def close(self) -> None:
        self._begin_anew()
        await asyncio.wait(self._closing, timeout=2 * _LONGEST_CLOSE_S)

    def _made(self) -> Redis:
        pool = ConnectionPool.from_url(
            self._url,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_LONGEST_S,
            socket_connect_timeout=_LONGEST_S,
        )
        return Redis(connection_pool=pool)

    def _begin_anew(self) -> None:
        task = asyncio.create_task(_closed(self._redis))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        self._redis = self._made()


async def _closed(redis: Redis) -> None:
    try:
        async with asyncio.timeout(_LONGEST_CLOSE_S):
            await redis.connection_pool.disconnect(inuse_connections=True)
    except (OSError, exceptions.RedisError, TimeoutError):
        pass  # it was lost before


def _reason(error: Exception) -> Reason:
    kinds = [reason for kind, reason in _KINDS.items() if isinstance(error, kind)]
    words = [reason for word, reason in _WORDS.items() if word in str(error)]
    later = [reason for kind, reason in _LATER_KINDS.items() if isinstance(error, kind)]
    return next(iter([*kinds, *words, *later]), "not_understood")

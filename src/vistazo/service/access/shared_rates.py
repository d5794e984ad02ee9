"""How often somebody may ask of all instances together."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from vistazo.service.access.rates import Rate, RateTable, Standing
from vistazo.service.shared_state.call import Call
from vistazo.service.shared_state.link import Link
from vistazo.service.shared_state.settings import SharedStatePolicy

# The clock is that of Redis alone: the time begins with the first request, and when it is over the
# key is gone. What somebody else has put there, of another type or without an end, is replaced.
_COUNT = """
local count = redis.pcall('INCR', KEYS[1])
if type(count) == 'table' or count < 1 then
  redis.call('SET', KEYS[1], 1, 'PX', ARGV[1])
  return {1, tonumber(ARGV[1])}
end
local left = redis.call('PTTL', KEYS[1])
if left < 0 or left > tonumber(ARGV[1]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left}
"""
_PROBE_MS, _LONGEST_PROBE_S = 1_000, 2.0


@dataclass(frozen=True)
class Counted:
    """Requests in this window, with the one that was asked about, and until when it lasts."""

    count: int
    left_ms: int


def read_count(reply: object) -> Counted:
    """Raises ValueError for what is no count."""
    match reply:
        case [int(count), int(left_ms)] if count >= 1 and left_ms >= 0:
            return Counted(count, left_ms)
    raise ValueError("no count")


class SharedRates:
    """Counts by the ``link``; where that is lost, by the instance's ``own`` table, which goes on
    where the others were.

    The ``kind`` of count is part of a key's name, as is the rate: instances with another one, while
    they are replaced, count for themselves. The caller's name is there as a hash.
    """

    def __init__(
        self, kind: str, rate: Rate, own: RateTable, link: Link[Counted], policy: SharedStatePolicy
    ) -> None:
        self._own = own
        self._link = link
        self._window_ms = rate.window_s * 1_000
        self._beginning = f"{policy.prefix}:{kind}:{rate.requests}/{rate.window_s}s:"
        self._pepper = policy.pepper

    async def count(self, caller: str) -> Standing:
        """One request more. Who is over already is so whatever Redis says: a flood asks nothing."""
        over = self._own.count_if_over(caller)
        if over is not None:
            return over
        counted = await self._link.ask(Call(_COUNT, self._key(caller), (self._window_ms,)))
        if counted is None:
            return self._own.count(caller)
        left_ms = min(counted.left_ms, self._window_ms)
        return self._own.learn(caller, counted.count, left_ms / 1_000)

    def _key(self, caller: str) -> str:
        named = blake2b(caller.encode("utf-8", "surrogatepass"), digest_size=16, key=self._pepper)
        return self._beginning + named.hexdigest()


@dataclass(frozen=True)
class RateSharing:
    """Over which link, and under which names, instances count together."""

    link: Link[Counted]
    policy: SharedStatePolicy

    def of(self, kind: str, rate: Rate) -> SharedRates:
        return SharedRates(kind, rate, RateTable(rate), self.link, self.policy)

    async def mend(self) -> None:
        """Find out whether it counts again: no request waits for that."""
        if not self.link.breaker.is_closed and self.link.breaker.may_be_tried:
            probe = Call(_COUNT, f"{self.policy.prefix}:probe", (_PROBE_MS,))
            await self.link.try_out(probe, _LONGEST_PROBE_S)

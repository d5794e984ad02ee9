"""What instances of the service know together. Imported only where REDIS_URL says so."""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import TYPE_CHECKING

from vistazo.errors import SettingsError
from vistazo.service.access.shared_rates import RateSharing, read_count
from vistazo.service.drift.exchange import Exchange, read_exchange
from vistazo.service.shared_state.breaker import Breaker
from vistazo.service.shared_state.link import Link
from vistazo.service.shared_state.redis_url import address_of
from vistazo.service.shared_state.settings import SharedStatePolicy

if TYPE_CHECKING:
    from vistazo.service.drift.monitor import Monitor

log = logging.getLogger(__name__)

_NOT_INSTALLED = (
    "REDIS_URL is set, but what speaks to Redis is not installed: "
    "pip install -r scripts/requirements/redis.txt"
)
_LONGEST_COUNT_S = 0.1  # that a request waits for
_EVERY_S = 1.0
_IDLE_TURNS = 10  # without an answer of this instance, until it looks for those of others


class SharedState:
    """For one event loop. With ``counts`` somebody's requests are counted at all."""

    def __init__(self, rates: RateSharing, drift: Exchange, *, counts: bool) -> None:
        self.drift = drift
        self._rates = rates
        self._counts = counts

    def breakers(self) -> dict[str, Breaker]:
        """Of what is shared here, by a word for it."""
        counting = {"rates": self._rates.link.breaker} if self._counts else {}
        return {**counting, "drift": self.drift.breaker} if self.drift.is_needed else counting

    async def run(self) -> None:
        """Until it is cancelled: what nobody waits for."""
        for turn in itertools.count():
            try:
                await self._run_once(is_idle_turn=turn % _IDLE_TURNS == 0)
            except Exception:  # the outermost boundary of a task that nobody awaits
                log.exception("unexpected error while state was shared")
            await asyncio.sleep(_EVERY_S)

    async def _run_once(self, *, is_idle_turn: bool) -> None:
        if self._counts:
            await self._rates.mend()
        if self.drift.has_to_send or not self.drift.is_up or is_idle_turn:
            await self.drift.run_once()

    async def close(self) -> None:
        """Within a few seconds, whatever Redis does."""
        await self.drift.close()
        await self._rates.link.close()


def rate_sharing(policy: SharedStatePolicy) -> RateSharing:
    """Raises SettingsError."""
    try:
        from vistazo.service.shared_state.client import RedisClient
    except ImportError:
        raise SettingsError(_NOT_INSTALLED) from None
    url = policy.url.get_secret_value()
    breaker = Breaker("rates", address_of(url))
    return RateSharing(Link(RedisClient(url), breaker, read_count, _LONGEST_COUNT_S), policy)


def drift_exchange(policy: SharedStatePolicy, monitor: Monitor) -> Exchange:
    """Where ``rate_sharing`` has found that it can be."""
    from vistazo.service.shared_state.client import RedisClient

    url = policy.url.get_secret_value()
    breaker = Breaker("drift", address_of(url))
    link = Link(RedisClient(url), breaker, read_exchange, _LONGEST_COUNT_S)
    return Exchange(monitor, link, policy)

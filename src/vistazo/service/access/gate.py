"""Whether a request may pass: who asks, and whether he may do this."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vistazo.errors import ForbiddenError, NotReadyError, UnauthorizedError
from vistazo.service.access.api_key import KEY_PREFIX
from vistazo.service.access.identity import Identity, not_valid
from vistazo.service.access.keys import Keys
from vistazo.service.access.rates import Rate, RateTable, Standing
from vistazo.service.access.scopes import AccessScope
from vistazo.service.access.settings import AccessSettings

if TYPE_CHECKING:
    from vistazo.service.access.shared_rates import RateSharing, SharedRates
    from vistazo.service.access.tokens import Tokens

_MISSING = "This wants a key. Send it in the header 'Authorization: Bearer KEY'."
_NO_ADMIN = (
    "Nobody may do this here: no key is set. Make one with 'vistazo keys add NAME --scope admin', "
    "and set API_KEYS or API_KEYS_FILE."
)
# Of one address. A key that is valid passes all the same: nobody, by guessing, keeps out those who
# share his address, and no number of guesses finds 256 bits.
_WRONG_ONES = Rate(20, 60)


class Gate:
    """Counts by itself or, with ``sharing``, together with other instances.

    Raises SettingsError where the keys cannot be used.
    """

    def __init__(self, settings: AccessSettings, sharing: RateSharing | None = None) -> None:
        self._keys = _keys(settings)
        self._tokens = _tokens(settings)
        rate = settings.rate_limit
        self._rates = None if rate is None else _counting("rate", rate, sharing)
        self._failures = _counting("wrong-keys", _WRONG_ONES, sharing)

    @property
    def asks(self) -> bool:
        """Whether anybody is asked who he is."""
        return self._keys is not None or self._tokens is not None

    @property
    def counts(self) -> bool:
        """Whether anybody's requests, or his keys that are not valid, are counted."""
        return self._rates is not None or self.asks

    @property
    def lets_nobody_in(self) -> bool:
        """Whether the list of keys is empty now, and tokens are not taken."""
        return self._keys is not None and self._keys.is_empty and self._tokens is None

    async def prepare(self) -> None:
        """Fetch what is to be fetched, so that the log says soon where it cannot be."""
        if self._tokens is not None:
            with contextlib.suppress(NotReadyError):  # said already
                await self._tokens.prepare()

    async def admit(self, authorizations: Sequence[str], need: AccessScope) -> Identity | None:
        """Who asks; None where nobody is asked. ``authorizations`` are the headers of that name.

        Raises UnauthorizedError, ForbiddenError; NotReadyError where that cannot be known yet.
        """
        if not self.asks:
            if need == "admin":
                raise ForbiddenError(_NO_ADMIN, need)
            return None
        identity = await self._identify(authorizations)
        if need not in identity.scopes:
            words = f"This needs a key with the scope '{need}', which the one that came has not."
            raise ForbiddenError(words, need, identity.name)
        return identity

    async def count(self, caller: str) -> Standing | None:
        """How a caller stands after one more request; None where there is no limit."""
        return None if self._rates is None else await _counted(self._rates, caller)

    async def count_failure(self, address: str, *, sent_one: bool) -> Standing:
        """How an address stands after one more key or token that is not valid, or none at all."""
        who = address if sent_one else f"{address} without a key"
        return await _counted(self._failures, who)

    async def _identify(self, authorizations: Sequence[str]) -> Identity:
        if not authorizations:
            raise UnauthorizedError(_MISSING)
        scheme, _, credential = authorizations[0].partition(" ")
        if len(authorizations) > 1 or scheme.lower() != "bearer":
            raise not_valid("no Bearer header")
        credential = credential.strip(" ")
        if self._tokens is not None and not credential.startswith(KEY_PREFIX):
            return await self._tokens.identify(credential)
        entry = self._keys.find(credential) if self._keys else None
        if entry is None:
            raise not_valid("unknown key")
        return Identity(f"key:{entry.name}", entry.name, entry.scopes)


def _counting(kind: str, rate: Rate, sharing: RateSharing | None) -> RateTable | SharedRates:
    return RateTable(rate) if sharing is None else sharing.of(kind, rate)


async def _counted(rates: RateTable | SharedRates, caller: str) -> Standing:
    return rates.count(caller) if isinstance(rates, RateTable) else await rates.count(caller)


def _keys(settings: AccessSettings) -> Keys | None:
    """An empty list of keys is one that lets nobody in."""
    written, file = settings.api_keys, settings.api_keys_file
    if written is None and file is None:
        return None
    return Keys(None if written is None else written.get_secret_value(), file)


def _tokens(settings: AccessSettings) -> Tokens | None:
    if settings.jwt_secret is None and settings.jwt_jwks is None:
        return None
    # Only here, because of what it takes: 9 MB of memory with cryptography.
    from vistazo.service.access.tokens import open_tokens

    return open_tokens(settings)

"""The public keys at hand, which change: an identity provider rotates them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from vistazo.errors import NotReadyError, SettingsError
from vistazo.service.access.key_set import PublicKey, read_key_set
from vistazo.service.access.watched_file import WatchedFile

log = logging.getLogger(__name__)

# So long after they were fetched keys are fetched again, while the old ones serve.
_FRESH_S = 600.0
# Whatever tokens say, the identity provider is not asked more often. Without any keys: sooner.
_REST_S = 30.0
_REST_WITHOUT_KEYS_S = 5.0

Keys = tuple[PublicKey, ...]


class PublicKeys(Protocol):
    async def current(self) -> Keys:
        """Raises NotReadyError where none could be had yet."""

    async def renewed(self) -> Keys:
        """For a token of which the key is not known: the newest that may be asked for now."""


class KeysOfFile:
    """Raises SettingsError where the file cannot be used at the beginning."""

    def __init__(self, path: Path) -> None:
        self._file = WatchedFile(path, "JWT_JWKS", read_key_set)

    async def current(self) -> Keys:
        return self._file.value()

    async def renewed(self) -> Keys:
        return self._file.value()


class KeysOfLink:
    """``fetch`` gives the text of a key set, or raises SettingsError: then the old keys stay."""

    def __init__(
        self, fetch: Callable[[], Awaitable[str]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: Keys = ()
        self._fetched_s = self._asked_s = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def current(self) -> Keys:
        if not self._keys:
            await self.renewed()
        elif self._clock() - self._fetched_s > _FRESH_S:
            self._begin_to_ask()
        if not self._keys:
            raise NotReadyError("The keys of the identity provider could not be fetched yet.")
        return self._keys

    async def renewed(self) -> Keys:
        asking = self._begin_to_ask()
        if asking is not None:
            await asyncio.shield(asking)  # others wait for it too
        return self._keys

    def _begin_to_ask(self) -> asyncio.Task[None] | None:
        """What asks already, or begins to; None where it is too early."""
        if self._asking is not None and not self._asking.done():
            return self._asking
        now_s = self._clock()
        if now_s - self._asked_s < (_REST_S if self._keys else _REST_WITHOUT_KEYS_S):
            return None
        self._asked_s = now_s
        self._asking = asyncio.create_task(self._ask())
        return self._asking

    async def _ask(self) -> None:
        try:
            self._keys = read_key_set(await self._fetch())
        except SettingsError as error:
            log.error("the identity provider gave no keys", extra={"reason": str(error)})
        else:
            self._fetched_s = self._clock()

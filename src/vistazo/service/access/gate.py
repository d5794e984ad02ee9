"""Whether a request may pass: who asks, and whether he may do this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vistazo.errors import ForbiddenError, UnauthorizedError
from vistazo.service.access.keys import Keys
from vistazo.service.access.scopes import AccessScope
from vistazo.service.access.settings import AccessSettings

_MISSING = "This wants a key. Send it in the header 'Authorization: Bearer KEY'."
# The same words for everything that can be wrong with it: they teach a guesser nothing.
_WRONG = "The key or token that came with this is not valid."
_NO_ADMIN = (
    "Nobody may do this here: no key is set. Make one with 'vistazo keys add NAME --scope admin', "
    "and set API_KEYS or API_KEYS_FILE."
)


@dataclass(frozen=True)
class Identity:
    """Who asks: ``caller`` is the same at each of his requests, and of nobody else."""

    caller: str
    name: str
    scopes: frozenset[AccessScope]


class Gate:
    """Raises SettingsError where the keys cannot be used."""

    def __init__(self, settings: AccessSettings) -> None:
        written = settings.api_keys.get_secret_value() if settings.api_keys else None
        has_keys = bool(written or settings.api_keys_file)
        self._keys = Keys(written, settings.api_keys_file) if has_keys else None

    @property
    def asks(self) -> bool:
        """Whether anybody is asked who he is."""
        return self._keys is not None

    def admit(self, authorizations: Sequence[str], need: AccessScope) -> Identity | None:
        """Who asks; None where nobody is asked. ``authorizations`` are the headers of that name.

        Raises UnauthorizedError, ForbiddenError.
        """
        if not self.asks:
            if need == "admin":
                raise ForbiddenError(_NO_ADMIN, need)
            return None
        identity = self._identify(authorizations)
        if need not in identity.scopes:
            words = f"This needs a key with the scope '{need}', which the one that came has not."
            raise ForbiddenError(words, need, identity.name)
        return identity

    def _identify(self, authorizations: Sequence[str]) -> Identity:
        if not authorizations:
            raise UnauthorizedError(_MISSING)
        scheme, _, credential = authorizations[0].partition(" ")
        if len(authorizations) > 1 or scheme.lower() != "bearer":
            raise UnauthorizedError(_WRONG, "no Bearer header")
        entry = self._keys.find(credential.strip(" ")) if self._keys else None
        if entry is None:
            raise UnauthorizedError(_WRONG, "unknown key")
        return Identity(f"key:{entry.name}", entry.name, entry.scopes)

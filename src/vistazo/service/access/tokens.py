"""JSON Web Tokens: whether one is good, and of whom. (RFC 7519, RFC 8725)."""

from __future__ import annotations

import time
from functools import partial

from jwt import PyJWS, PyJWTError
from jwt.algorithms import AllowedPublicKeys, HMACAlgorithm

from vistazo.errors import SettingsError
from vistazo.models.fetch import Link, Location
from vistazo.service.access.claims import TokenPolicy, read_claims
from vistazo.service.access.identity import Identity, not_valid
from vistazo.service.access.public_keys import KeysOfFile, KeysOfLink, PublicKeys
from vistazo.service.access.settings import AccessSettings
from vistazo.service.access.token_header import TokenHeader, read_header

SECRET_ALGORITHM = "HS256"  # noqa: S105 - no secret

# RFC 7518 section 3.2: at least as long as the hash.
_SHORTEST_SECRET_BYTES = 32
_FEWEST_CHARACTERS = 10
# A token that does not name its key is tried with as many; each costs up to 0.1 ms.
_MOST_TRIED = 8

_Key = AllowedPublicKeys | bytes


class Tokens:
    """``secret`` is for HS256 and for nothing else; ``public_keys`` are for one algorithm each."""

    def __init__(
        self, policy: TokenPolicy, secret: bytes | None, public_keys: PublicKeys | None
    ) -> None:
        self._policy = policy
        self._secret = secret
        self._public_keys = public_keys
        self._signatures = PyJWS()

    async def prepare(self) -> None:
        """Raises NotReadyError where there are no public keys yet."""
        if self._public_keys is not None:
            await self._public_keys.current()

    async def identify(self, token: str) -> Identity:
        """Raises UnauthorizedError; NotReadyError where there are no public keys yet."""
        header = read_header(token)
        payload = self._signed_payload(token, header.algorithm, await self._keys_for(header))
        return read_claims(payload, self._policy, time.time())

    async def _keys_for(self, header: TokenHeader) -> list[_Key]:
        if header.algorithm == SECRET_ALGORITHM:
            return [] if self._secret is None else [self._secret]
        if self._public_keys is None or header.algorithm not in ("RS256", "ES256", "EdDSA"):
            return []
        found = await self._public_keys.current()
        if not any(key.fits(header.algorithm, header.key_id) for key in found):
            found = await self._public_keys.renewed()
        return [key.key for key in found if key.fits(header.algorithm, header.key_id)]

    def _signed_payload(self, token: str, algorithm: str, keys: list[_Key]) -> bytes:
        """``keys`` are those that are for this algorithm, by our own account of them."""
        for key in keys[:_MOST_TRIED]:
            try:
                payload: bytes = self._signatures.decode(token, key, [algorithm])
            except PyJWTError:
                continue
            return payload
        raise not_valid("bad signature" if keys else "unknown key or algorithm")


def open_tokens(settings: AccessSettings) -> Tokens | None:
    """None where none are wanted. Raises SettingsError."""
    secret, location = secret_of(settings), settings.jwt_jwks
    if secret is None and location is None:
        return None
    policy = policy_of(settings)
    if location is not None and (policy.issuer is None or policy.audience is None):
        raise SettingsError(
            "JWT_JWKS: an identity provider signs tokens for others too. Set JWT_ISSUER and "
            "JWT_AUDIENCE, which say whose tokens are meant, and that they are meant for this."
        )
    return Tokens(policy, secret, None if location is None else _public_keys(location))


def policy_of(settings: AccessSettings) -> TokenPolicy:
    return TokenPolicy(settings.jwt_issuer, settings.jwt_audience, settings.jwt_leeway_s)


def secret_of(settings: AccessSettings) -> bytes | None:
    """None where none is set. Raises SettingsError for one that could be guessed, or is public."""
    if settings.jwt_secret is None:
        return None
    text = settings.jwt_secret.get_secret_value()
    secret = text.encode("utf-8", "surrogateescape")
    if len(secret) < _SHORTEST_SECRET_BYTES or len(set(secret)) < _FEWEST_CHARACTERS:
        raise SettingsError(
            f"JWT_SECRET: this can be guessed. It needs {_SHORTEST_SECRET_BYTES} random bytes or "
            'more: python -c "import secrets; print(secrets.token_urlsafe(48))" makes one.'
        )
    try:
        HMACAlgorithm(HMACAlgorithm.SHA256).prepare_key(secret)
        is_public = text.startswith(("-----BEGIN", "ssh-"))
    except PyJWTError:
        is_public = True
    if is_public:
        raise SettingsError("JWT_SECRET: this is a key of another kind. Public keys: JWT_JWKS.")
    return secret


def _public_keys(location: Location) -> PublicKeys:
    if not isinstance(location, Link):
        return KeysOfFile(location)
    # Only here, because of what it takes: a client of HTTP.
    from vistazo.service.access.key_set_link import check_link, fetch_key_set

    check_link(location)
    return KeysOfLink(partial(fetch_key_set, location))

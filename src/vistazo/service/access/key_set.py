"""Public keys as an identity provider publishes them (JSON Web Key Set, RFC 7517)."""

from __future__ import annotations

from dataclasses import dataclass, field

from jwt import PyJWK, PyJWTError
from jwt.algorithms import AllowedPublicKeys

from vistazo.errors import SettingsError
from vistazo.service.access.strict_json import strict_object

# A key is for one algorithm, which we say: never the token.
_ALGORITHMS = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
_MOST_KEYS = 100
_RSA_BITS = range(2048, 8192 + 1)


@dataclass(frozen=True)
class PublicKey:
    algorithm: str
    key_id: str | None
    key: AllowedPublicKeys = field(repr=False)

    def fits(self, algorithm: str, key_id: str | None) -> bool:
        is_named_so = key_id is None or self.key_id in (None, key_id)
        return self.algorithm == algorithm and is_named_so


def read_key_set(text: str) -> tuple[PublicKey, ...]:
    """The keys that signatures may be checked with; others are left out.

    Raises SettingsError where there is none, or too many.
    """
    try:
        keys = strict_object(text.encode()).get("keys")
    except ValueError as error:
        raise SettingsError(f"JWT_JWKS: this is no JSON Web Key Set: {error}.") from None
    if not isinstance(keys, list) or len(keys) > _MOST_KEYS:
        raise SettingsError(f"JWT_JWKS: there is no list 'keys', or of more than {_MOST_KEYS}.")
    found = tuple(key for key in map(_read_key, keys) if key is not None)
    if not found:
        raise SettingsError(
            "JWT_JWKS: none of the keys can be used. There have to be public ones: RSA of 2048 to "
            "8192 bits (RS256), EC on P-256 (ES256) or Ed25519 (EdDSA)."
        )
    return found


def _read_key(key: object) -> PublicKey | None:
    algorithm, key_id = (_algorithm(key), key.get("kid")) if isinstance(key, dict) else (None, None)
    if algorithm is None or not isinstance(key_id, str | None):
        return None
    try:
        public = PyJWK(key, algorithm).key  # type: ignore[arg-type]
    except (PyJWTError, ValueError, TypeError, KeyError, AttributeError):  # whatever is in it
        return None
    is_odd_rsa = algorithm == "RS256" and public.key_size not in _RSA_BITS
    return None if is_odd_rsa else PublicKey(algorithm, key_id, public)


def _algorithm(key: dict[str, object]) -> str | None:
    """None for a key that is for something else, or that is a secret."""
    kind, curve = key.get("kty"), key.get("crv")
    if not isinstance(kind, str) or not isinstance(curve, str | None) or "d" in key:
        return None
    algorithm = _ALGORITHMS.get((kind, curve))
    uses = key.get("key_ops", ["verify"])
    is_for_signatures = key.get("use", "sig") == "sig" and isinstance(uses, list)
    if not is_for_signatures or "verify" not in uses:  # type: ignore[operator]
        return None
    return algorithm if key.get("alg", algorithm) == algorithm else None

"""What a token whose signature is good says, and whether it says it to us and now."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from vistazo.service.access.identity import Identity, not_valid
from vistazo.service.access.key_ring import NAME
from vistazo.service.access.scopes import known
from vistazo.service.access.strict_json import strict_object

# The end of the year 9999: a later moment is a mistake, or an attempt to have no end.
_LAST_S = 253_402_300_799
_LONGEST_NAME = 256


@dataclass(frozen=True)
class TokenPolicy:
    """Who has to have issued a token, and for whom; None for anybody. ``leeway_s`` is by how much
    his clock may differ from ours.
    """

    issuer: str | None
    audience: str | None
    leeway_s: float


def read_claims(payload: bytes, policy: TokenPolicy, now_s: float) -> Identity:
    """Raises UnauthorizedError. (RFC 7519 section 4.1; an end and a subject are required)."""
    try:
        claims = strict_object(payload)
    except ValueError:
        raise not_valid("broken claims") from None
    _check_times(claims, now_s, policy.leeway_s)
    if policy.issuer is not None and claims.get("iss") != policy.issuer:
        raise not_valid("another issuer")
    if policy.audience not in _audiences(claims):
        raise not_valid("another audience")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_NAME:
        raise not_valid("no subject")
    name = subject if NAME.fullmatch(subject) else ""
    return Identity(_caller(claims, subject), name, known(_scopes(claims)))


def _check_times(claims: dict[str, object], now_s: float, leeway_s: float) -> None:
    end_s = _moment(claims, "exp")
    if end_s is None:
        raise not_valid("no end")
    if end_s <= now_s - leeway_s:
        raise not_valid("expired")
    for name in ("nbf", "iat"):
        if (_moment(claims, name) or 0) > now_s + leeway_s:
            raise not_valid("not valid yet")


def _moment(claims: dict[str, object], name: str) -> float | None:
    """Seconds since 1970; None where the token does not say it."""
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise not_valid("broken time")
    if not 0 <= value <= _LAST_S:  # nor what a number as large as 1e999 is read as
        raise not_valid("broken time")
    return value


def _audiences(claims: dict[str, object]) -> list[object]:
    """None is in it where the token is for anybody."""
    value = claims.get("aud")
    if "aud" not in claims:
        return [None]
    audiences = [value] if isinstance(value, str) else value
    if not isinstance(audiences, list) or not all(isinstance(each, str) for each in audiences):
        raise not_valid("broken audience")
    return audiences


def _scopes(claims: dict[str, object]) -> list[str]:
    """``scope``, words in a string (RFC 8693), or what some issuers write instead."""
    value = claims.get("scope", claims.get("scp", ""))
    words = value.split(" ") if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise not_valid("broken scope")
    return words


def _caller(claims: dict[str, object], subject: str) -> str:
    """Stands for an issuer and his subject, in short, and tells neither."""
    whole = f"{claims.get('iss', '')}\n{subject}".encode("utf-8", "surrogatepass")
    return f"token:{hashlib.sha256(whole).hexdigest()[:32]}"

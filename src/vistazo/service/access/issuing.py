"""Tokens of our own, for those who have no identity provider."""

from __future__ import annotations

from collections.abc import Iterable

import jwt

from vistazo.service.access.claims import TokenPolicy
from vistazo.service.access.scopes import AccessScope, in_order
from vistazo.service.access.tokens import SECRET_ALGORITHM


def issue_token(
    secret: bytes,
    policy: TokenPolicy,
    *,
    name: str,
    scopes: Iterable[AccessScope],
    now_s: int,
    hours: int,
) -> str:
    """A token that ``Tokens`` of the same secret and policy takes, for so many hours."""
    claims = {
        "sub": name,
        "scope": " ".join(in_order(scopes)),
        "iat": now_s,
        "exp": now_s + hours * 3600,
        **({"iss": policy.issuer} if policy.issuer else {}),
        **({"aud": policy.audience} if policy.audience else {}),
    }
    return jwt.encode(claims, secret, SECRET_ALGORITHM)

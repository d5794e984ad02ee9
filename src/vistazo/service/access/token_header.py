"""The first part of a JSON Web Token: how the rest is to be read. The token says it of itself, so
no more of it is believed than which of our keys to try.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from vistazo.service.access.identity import not_valid
from vistazo.service.access.strict_json import strict_object

MOST_CHARACTERS = 8_192
_PART = "[A-Za-z0-9_-]+"
_TOKEN = re.compile(rf"({_PART})\.{_PART}\.{_PART}")
# Other kinds are signed with the same keys, and are for something else (RFC 8725 section 3.11).
_KINDS = ("jwt", "at+jwt", "application/jwt", "application/at+jwt")


@dataclass(frozen=True)
class TokenHeader:
    algorithm: str
    key_id: str | None


def read_header(token: str) -> TokenHeader:
    """Raises UnauthorizedError.

    ``jku``, ``jwk``, ``x5u`` and ``x5c``, in which a token brings its own key, are not looked at.
    """
    parts = _TOKEN.fullmatch(token) if len(token) <= MOST_CHARACTERS else None
    if parts is None:
        raise not_valid("no token")
    try:
        header = strict_object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        raise not_valid("broken header") from None
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not isinstance(key_id, str | None):
        raise not_valid("broken header")
    if "crit" in header or "b64" in header or "zip" in header:  # RFC 7515 section 4.1.11
        raise not_valid("header that has to be understood")
    if str(header.get("typ", "JWT")).lower() not in _KINDS:
        raise not_valid("token of another kind")
    return TokenHeader(algorithm, key_id)

"""The form of a key, and what is kept of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

KEY_PREFIX = "vz_"

_RANDOM_BYTES = 32
_KEY = re.compile(r"vz_([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})")
# Not a secret: it makes the digest one of our keys, and of nothing else that is hashed somewhere.
_PURPOSE = b"vistazo api key, 1"


def new_key() -> str:
    """256 random bits, and six characters by which a typing error, or a made-up key, shows."""
    random = secrets.token_urlsafe(_RANDOM_BYTES)
    return f"{KEY_PREFIX}{random}{_check(random)}"


def is_key(text: str) -> bool:
    """Whether this has the form of a key of ours.

    Nothing else is ever compared with a digest. So a key that a person made up cannot be used, even
    where its digest was written into the list by hand.
    """
    parts = _KEY.fullmatch(text)
    return parts is not None and hmac.compare_digest(_check(parts[1]), parts[2])


def digest_of(key: str) -> bytes:
    """What is kept of a key, 32 bytes: HMAC-SHA256.

    A slow hash protects secrets that can be guessed. These cannot: to find one of 2^256 a guess
    would have to cost nothing. A slow hash would only make each request slow, and a stranger's too.
    """
    return hmac.digest(_PURPOSE, key.encode(), "sha256")


def _check(random: str) -> str:
    digest = hashlib.sha256(_PURPOSE + random.encode()).digest()
    return base64.urlsafe_b64encode(digest[:6]).decode()[:6]

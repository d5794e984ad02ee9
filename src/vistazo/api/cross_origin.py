"""For pages of other hosts: what a browser lets them send here, and see of the answer."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

_SENT = ("Authorization", "Content-Type", "X-Request-ID")
_SEEN = ("RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Request-ID")


def cross_origin(app: ASGIApp, origins: Sequence[str]) -> CORSMiddleware:
    """Without cookies: a key is sent by whoever has it, never by the browser on its own."""
    return CORSMiddleware(
        app,
        allow_origins=list(origins),
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=_SENT,
        expose_headers=_SEEN,
        allow_credentials=False,
    )

"""For pages of other hosts: what a browser lets them send here, and see of the answer."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from vistazo.api.problems import problem_response
from vistazo.errors import RequestError

_BINARY = "Inference-Header-Content-Length"  # of the Open Inference Protocol
_SENT = ("Authorization", "Content-Encoding", "Content-Type", _BINARY, "X-Request-ID")
_SEEN = (
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    _BINARY,
    "X-Request-ID",
)


class _CrossOrigin(CORSMiddleware):
    """Refuses as everything here does: with a problem document."""

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        of_the_text = ("content-length", "content-type")
        headers = {name: each for name, each in answer.headers.items() if name not in of_the_text}
        refusal = RequestError(
            "A page of this origin may not send this request: its origin, its method or one of its "
            "headers is not allowed. Origins are those of CORS_ORIGINS."
        )
        return problem_response(refusal, headers)


def cross_origin(app: ASGIApp, origins: Sequence[str]) -> CORSMiddleware:
    """Without cookies: a key is sent by whoever has it, never by the browser on its own."""
    return _CrossOrigin(
        app,
        allow_origins=list(origins),
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=_SENT,
        expose_headers=_SEEN,
        allow_credentials=False,
    )

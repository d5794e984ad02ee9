"""Serves the page out of the package: a handful of small files, read once."""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

# Only what this host serves, and pictures that the page itself holds. Nothing inline: a label, a
# file name or a card that smuggles in markup stays text. (Content Security Policy Level 3)
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
PAGE_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    # Kept, but asked about every time: a new version shows at once, the same one costs no bytes.
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}
_TAKES_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)


@dataclass(frozen=True)
class _PageFile:
    """A file and, packed once at start, what most browsers get: a third of it."""

    body: bytes
    packed: bytes
    media_type: str
    etag: str

    async def respond(self, request: Request) -> Response:
        headers = {**PAGE_HEADERS, "ETag": f"W/{self.etag}"}  # weak: RFC 9110, 8.8.1
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if takes_gzip(request):
            headers["Content-Encoding"] = "gzip"
            return Response(self.packed, media_type=self.media_type, headers=headers)
        return Response(self.body, media_type=self.media_type, headers=headers)


def takes_gzip(request: Request) -> bool:
    return bool(_TAKES_GZIP.search(request.headers.get("accept-encoding", "")))


def page_routes() -> list[Route]:
    """``/`` and, under ``/page/``, the files that it asks for."""
    folder = resources.files("vistazo.api") / "page"
    files = {item.name: _read(item.name, item.read_bytes()) for item in folder.iterdir()}
    index = files.pop("index.html")
    return [
        Route("/", index.respond, include_in_schema=False),
        *(
            Route(f"/page/{name}", file.respond, include_in_schema=False)
            for name, file in sorted(files.items())
        ),
    ]


def _read(name: str, body: bytes) -> _PageFile:
    digest = hashlib.sha256(body).hexdigest()[:32]
    packed = gzip.compress(body, mtime=0)
    return _PageFile(body, packed, _MEDIA_TYPES[name[name.rindex(".") :]], f'"{digest}"')

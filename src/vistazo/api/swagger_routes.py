"""Serves /docs: Swagger UI out of the package, under the policy of the page.

Its files are read when they are asked for, piece by piece: whoever never opens /docs pays nothing,
and a crowd that fetches slowly holds no copies of half a megabyte.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from vistazo.api.page_routes import PAGE_HEADERS, takes_gzip

_FOLDER = Path(__file__).with_name("swagger_ui")
_CHUNK_BYTES = 32_768


@dataclass(frozen=True)
class _PackedFile:
    """A file that lies packed with gzip, and goes out so to whoever takes that."""

    name: str
    media_type: str

    async def respond(self, request: Request) -> Response:
        known, path = _known_files()[self.name], _FOLDER / self.name
        headers = {**PAGE_HEADERS, "ETag": f'W/"{known["sha256"][:32]}"'}
        if known["sha256"][:32] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        is_packed = takes_gzip(request)
        headers["Content-Length"] = str(path.stat().st_size if is_packed else known["bytes"])
        if is_packed:
            headers["Content-Encoding"] = "gzip"
        pieces = _pieces(path, is_packed=is_packed)
        return StreamingResponse(pieces, media_type=self.media_type, headers=headers)


@cache
def _known_files() -> dict[str, Any]:
    """By name: ``sha256`` and ``bytes`` of each, unpacked."""
    source = json.loads((_FOLDER / "source.json").read_text(encoding="ascii"))
    files: dict[str, Any] = source["files"]
    return files


async def _pieces(path: Path, *, is_packed: bool) -> AsyncIterator[bytes]:
    with path.open("rb") if is_packed else gzip.open(path) as file:
        while piece := file.read(_CHUNK_BYTES):
            yield piece


async def _page(request: Request) -> Response:
    """With the addresses under which a proxy shows them."""
    html = (_FOLDER / "index.html").read_text(encoding="ascii")
    prefix = escape(request.scope.get("root_path", "").rstrip("/"))
    return Response(
        html.replace("{prefix}", prefix),
        media_type="text/html; charset=utf-8",
        headers=PAGE_HEADERS,
    )


async def _start(_request: Request) -> Response:
    body = (_FOLDER / "start.js").read_bytes()
    return Response(body, media_type="text/javascript; charset=utf-8", headers=PAGE_HEADERS)


def swagger_routes() -> list[Route]:
    script = _PackedFile("swagger-ui.js.gz", "text/javascript; charset=utf-8")
    style = _PackedFile("swagger-ui.css.gz", "text/css; charset=utf-8")
    answers = {
        "/docs": _page,
        "/docs/start.js": _start,
        "/docs/swagger-ui.js": script.respond,
        "/docs/swagger-ui.css": style.respond,
    }
    return [Route(path, answer, include_in_schema=False) for path, answer in answers.items()]

"""Serves /docs: Swagger UI out of the package, under the policy of the page.

Its files are read when they are first asked for: whoever never opens /docs pays nothing. They are
held packed, once, whatever crowd fetches them slowly: neither copies nor open files.
"""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from vistazo.api.head import is_for_head
from vistazo.api.page_routes import PAGE_HEADERS, takes_gzip
from vistazo.api.pieces import held, in_pieces

_FOLDER = Path(__file__).with_name("swagger_ui")


@dataclass(frozen=True)
class _PackedFile:
    """A file that lies packed with gzip, and goes out so to whoever takes that."""

    name: str
    media_type: str

    async def respond(self, request: Request) -> Response:
        known, packed = _known_files()[self.name], _packed(self.name)
        headers = {**PAGE_HEADERS, "ETag": f'W/"{known["sha256"][:32]}"'}
        if known["sha256"][:32] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        is_packed = takes_gzip(request)
        headers["Content-Length"] = str(len(packed) if is_packed else known["bytes"])
        if is_packed:
            headers["Content-Encoding"] = "gzip"
        if is_for_head(request.scope):  # nothing is unpacked to be thrown away
            return Response(media_type=self.media_type, headers=headers)
        body = held(packed) if is_packed else in_pieces(gzip.GzipFile(fileobj=io.BytesIO(packed)))
        return StreamingResponse(body, media_type=self.media_type, headers=headers)


@cache
def _known_files() -> dict[str, Any]:
    """By name: ``sha256`` and ``bytes`` of each, unpacked."""
    source = json.loads((_FOLDER / "source.json").read_text(encoding="ascii"))
    files: dict[str, Any] = source["files"]
    return files


@cache
def _packed(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


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

"""/docs without a network: what is served is what the registry had, under the page's policy."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from builders import brightness_classifier
from vistazo.api import swagger_routes
from vistazo.api.app import create_app
from vistazo.service.settings import Settings

FOLDER = Path(swagger_routes.__file__).with_name("swagger_ui")
SOURCE = json.loads((FOLDER / "source.json").read_text())
SERVED = {"/docs/swagger-ui.js": "swagger-ui.js.gz", "/docs/swagger-ui.css": "swagger-ui.css.gz"}


def test_each_file_is_that_of_the_package_and_has_its_licence_beside_it() -> None:
    for name, known in SOURCE["files"].items():
        body = (FOLDER / name).read_bytes()
        body = gzip.decompress(body) if name.endswith(".gz") else body
        assert (hashlib.sha256(body).hexdigest(), len(body)) == (known["sha256"], known["bytes"])
    assert "Apache License" in (FOLDER / "LICENSE.txt").read_text()
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_000_000


@pytest.mark.parametrize("path", SERVED)
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_it_comes_whole_packed_or_not(client: TestClient, path: str, coding: str) -> None:
    known = SOURCE["files"][SERVED[path]]
    answer = client.get(path, headers={"Accept-Encoding": coding})
    assert hashlib.sha256(answer.content).hexdigest() == known["sha256"]
    assert answer.headers.get("content-encoding", "identity") == coding
    assert "'unsafe" not in answer.headers["content-security-policy"]
    if coding == "identity":
        assert answer.headers["content-length"] == str(known["bytes"])
    headers = {"Accept-Encoding": coding, "If-None-Match": answer.headers["etag"]}
    again = client.get(path, headers=headers)
    assert (again.status_code, again.content) == (304, b"")
    head = client.head(path, headers={"Accept-Encoding": coding})
    assert (head.content, head.headers["content-length"]) == (b"", answer.headers["content-length"])


def test_the_page_of_docs_names_only_what_this_host_serves(client: TestClient) -> None:
    answer = client.get("/docs/")
    assert "unsafe" not in answer.headers["content-security-policy"]
    named = re.findall(r'(?:src|href|description)="([^"]+)"', answer.text)
    assert len(named) == 6
    for path in named:
        assert client.get(path).status_code == 200, path
    assert client.get("/redoc").status_code == 404


def test_a_proxy_s_prefix_stands_before_every_address_and_cannot_smuggle_in_markup() -> None:
    app = create_app(Settings(threads=1), load=brightness_classifier)
    with TestClient(app, root_path='/x"><script>') as client:
        html = client.get("/docs").text
    assert html.count("/x&quot;&gt;&lt;script&gt;/") == 6
    assert "<script>" not in html


@pytest.mark.parametrize("coding", [b"gzip", b"identity"])
def test_who_fetches_slowly_is_sent_piece_by_piece(coding: bytes) -> None:
    """A crowd of them holds neither copies of the whole nor files."""
    app = create_app(Settings(threads=1), load=brightness_classifier)
    pieces, most_files = [], 0

    async def send(message: dict[str, Any]) -> None:
        nonlocal most_files
        pieces.append(len(message.get("body", b"")))
        most_files = max(most_files, _open_files())

    asyncio.run(app(_asking(coding), _waits, send))
    assert 0 < max(pieces) <= 65_536
    assert most_files == 0


def test_who_asks_for_the_headers_alone_has_nothing_unpacked(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swagger_routes, "in_pieces", None)
    headers = {"Accept-Encoding": "identity"}
    head = client.head("/docs/swagger-ui.js", headers=headers)
    known = SOURCE["files"]["swagger-ui.js.gz"]
    assert (head.status_code, head.headers["content-length"]) == (200, str(known["bytes"]))


def _open_files() -> int:
    """Of the folder that is served; 0 where the system does not tell (no Linux)."""
    links = Path("/proc/self/fd").glob("*")
    return sum(FOLDER in Path(os.path.realpath(link)).parents for link in links)


def _asking(coding: bytes) -> dict[str, Any]:
    headers = [(b"accept-encoding", coding)]
    given = {"http_version": "1.1", "query_string": b"", "root_path": "", "headers": headers}
    return {"type": "http", "method": "GET", "path": "/docs/swagger-ui.js", **given}


async def _waits() -> dict[str, Any]:
    await asyncio.sleep(60)
    return {"type": "http.disconnect"}

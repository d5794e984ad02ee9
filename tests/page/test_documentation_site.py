"""The documentation as a site, in a real browser: readable by all, and asking nobody else."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from documents import ROOT

axe_core = pytest.importorskip("axe_playwright_python.sync_playwright")
pytest.importorskip("mkdocs", reason="the locked packages of docs are not installed")

# Of the theme's own search box and buttons to copy; and the first cell of a table with row names.
THEMES_OWN = ("aria-dialog-name", "landmark-unique", "empty-table-header")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("site")
    build = [sys.executable, str(ROOT / "scripts" / "site" / "build_site.py"), str(folder)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.longer
@pytest.mark.timeout(300)
def test_the_site_can_be_read_by_all_in_both_languages_and_asks_no_other_host(
    site: str, browser: Any
) -> None:
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        for name in ("index", "es/index", "es/own-model", "card", "architecture", "cookbook"):
            page.goto(f"{site}/{name}.html")
            found = axe_core.Axe().run(page).response["violations"]
            assert [each["id"] for each in found if each["id"] not in THEMES_OWN] == [], name
        assert {url for url in asked if not url.startswith((site, "data:", "blob:"))} == set()
        page.close()


@pytest.mark.longer
def test_the_same_page_is_found_in_the_other_language_and_by_searching(
    site: str, browser: Any
) -> None:
    page = browser.new_page()
    page.goto(f"{site}/systems/news.html")
    page.click("[aria-label='Select language']")
    page.click("a[hreflang=es]")
    page.wait_for_url(f"{site}/es/systems/news.html")
    assert page.locator("html").get_attribute("lang") == "es"
    page.fill("[data-md-component=search-query]", "salidas")
    page.wait_for_selector(".md-search-result__link >> text=Varias salidas")
    page.close()

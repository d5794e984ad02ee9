"""How the page's files are served."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from builders import brightness_classifier
from vistazo.api import page_routes
from vistazo.api.app import create_app
from vistazo.models.card_file import card_path, read_card
from vistazo.pictures.formats import FORMATS, SUFFIXES
from vistazo.service.settings import Settings
from vistazo.training.report import _PARTS_ON_THE_CARD

PAGE = Path(page_routes.__file__).with_name("page")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create_app(Settings(threads=1), load=brightness_classifier)) as client:
        yield client


def test_the_policy_allows_only_what_this_host_serves(client: TestClient) -> None:
    response = client.get("/")
    policy = response.headers["content-security-policy"]
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_the_page_holds_no_script_and_no_style_of_its_own(client: TestClient) -> None:
    html = client.get("/").text
    assert not re.search(r"<style|\bstyle=|\son\w+=|<script(?![^>]*\bsrc=)", html)


def test_every_file_that_the_page_names_is_there(client: TestClient) -> None:
    html = client.get("/").text
    named = set(re.findall(r'(?:src|href)="(/page/[^"]+)"', html))
    for name in [*named]:
        imports = re.findall(r'(?:from |import\()"\./([^"]+)"', client.get(name).text)
        named |= {f"/page/{file}" for file in imports}
    assert len(named) > 5
    for name in named:
        assert client.get(name).status_code == 200, name


def test_each_part_of_the_page_names_the_files_that_come_with_it() -> None:
    """One that it forgets could not be asked for again, where the first time failed."""
    source = (PAGE / "parts.js").read_text(encoding="utf-8")
    parts = re.findall(r"^  (\w+): \[(.*?)\],$", source, re.MULTILINE | re.DOTALL)
    named = {part: set(re.findall(r'"(\w+)"', files)) for part, files in parts}
    at_start = _with_what_it_imports("page")
    within = {"further": "writing", "tools": "results"}
    assert set(named) == _asked_for()
    for part, files in named.items():
        before = at_start | named.get(within.get(part, ""), set())
        assert _with_what_it_imports(part) - before == files, part


def _asked_for() -> set[str]:
    """By any file of the page; languages by their names."""
    sources = [file.read_text(encoding="utf-8") for file in PAGE.glob("*.js")]
    strings = (PAGE / "strings.js").read_text(encoding="utf-8")
    languages = re.findall(r'\w\w: "(\w+)"', strings.partition("FILES")[2])
    return {
        *languages,
        *(name for text in sources for name in re.findall(r'\bpart\("(\w+)"', text)),
    }


def _with_what_it_imports(module: str) -> set[str]:
    found, left = set(), [module]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            text = (PAGE / f"{name}.js").read_text(encoding="utf-8")
            left += re.findall(r' from "\./(\w+)\.js"', text)
    return found


def test_a_file_that_the_browser_has_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/page/page.css")
    headers = {"If-None-Match": first.headers["etag"]}
    again = client.get("/page/page.css", headers=headers)
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/page/page.js", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "sent"),
    [
        ("br, gzip", "gzip"),
        ("gzip;q=0.5", "gzip"),
        ("identity", None),
        ("gzip;q=0, br", None),
        ("gzip; q=0.0", None),
    ],
)
def test_a_file_is_packed_for_who_can_unpack_it(
    accepted: str, sent: str | None, client: TestClient
) -> None:
    given = client.get("/page/page.js", headers={"Accept-Encoding": accepted})
    assert given.headers.get("content-encoding") == sent
    assert given.headers["vary"] == "Accept-Encoding"
    assert given.text == (PAGE / "page.js").read_text("utf-8")
    assert (int(given.headers["content-length"]) < len(given.content) / 2) == (sent == "gzip")


def test_only_the_files_of_the_page_are_served(client: TestClient) -> None:
    for path in ("/page/", "/page/nothing.js", "/page/../app.py", "/page/%2e%2e/app.py"):
        assert client.get(path).status_code == 404


def test_every_figure_of_a_trained_card_has_a_name_in_every_language(client: TestClient) -> None:
    languages = [client.get(f"/page/{name}.js").text for name in ("english", "spanish")]
    figures = read_card(card_path(Settings().model_path)).figures
    # Of the groups those of every training; the others are called as their recipe says.
    names = {*_PARTS_ON_THE_CARD.values(), *chain.from_iterable(figures.values())}
    names -= {"title", "note"}
    assert {"pictures", "groups", "pictures_per_label"} < names
    for name in names:
        for words in languages:
            assert re.search(rf"^ +{name}: ", words, re.MULTILINE), name


def test_the_page_names_what_the_service_accepts_and_lets_any_file_be_chosen(
    client: TestClient,
) -> None:
    """A chooser that is told suffixes hides files without one, as those of DICOM often are."""
    assert " accept=" not in client.get("/").text
    for language in ("english", "spanish"):
        [named] = re.findall(
            r'^  paste: "(.*)"', client.get(f"/page/{language}.js").text, re.MULTILINE
        )
        assert [each.title for each in FORMATS if each.title not in named] == []
    [listed] = re.findall(r"SUFFIXES = \[(.*)\]", client.get("/page/incoming.js").text)
    assert {f".{suffix}" for suffix in re.findall(r'"(\w+)"', listed)} == SUFFIXES

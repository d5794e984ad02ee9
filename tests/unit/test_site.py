"""The documents become a site: links lead from page to page, translations stand for originals."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from documents import DOCS, PAGES, ROOT

sys.path.append(str(ROOT / "scripts" / "site"))

import build_site
import site_pages

TRANSLATED = [file for file in PAGES if file.name.endswith(".es.md")]
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def said(address: str, language: str = "en", repository: str | None = None) -> str:
    return site_pages.Site(language, repository).text(site_pages.all_pages()[address])


def test_a_link_leads_to_the_page_and_what_is_no_page_to_the_repository() -> None:
    start = said("index.md")
    assert "](settings.md)" in start
    assert "](systems/quality.md#what-errors-cost)" in start
    assert "](security.md)" in start
    assert "](../making/leaves.md)" in said("systems/leaves.md")
    card = "artifacts/pneumonia/pneumonia.card.yaml"
    assert f"[Its card](https://host/me/it/blob/main/{card})" in said(
        "systems/pneumonia.md", repository="https://host/me/it"
    )
    assert f"Its card (`{card}`)" in said("systems/pneumonia.md")


def test_a_heading_has_the_anchor_that_github_gives_it() -> None:
    assert "## A link as MODEL_PATH { #a-link-as-model_path }" in said("own-model.md")


def test_what_stands_in_a_block_of_code_is_left_alone() -> None:
    for page in site_pages.all_pages().values():
        original = page.english.read_text("utf-8")
        assert FENCED.findall(site_pages.Site("en").text(page)) == FENCED.findall(original)


def test_a_page_without_a_translation_is_english_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = site_pages.Page("drift.md", DOCS / "drift.md", None)
    lines = site_pages.Site("es").text(page).splitlines()
    assert lines[:3] == ["# Drift { #drift }", "", site_pages.NOT_TRANSLATED]
    assert site_pages.NOT_TRANSLATED not in said("index.md", "es")


def test_a_translation_is_linked_by_the_names_of_its_original() -> None:
    spanish = said("own-model.md", "es")
    assert "## Dos archivos { #two-files }" in spanish
    assert ".es.md" not in spanish
    assert "](own-model.md#two-files)" in said("index.md", "es")


@pytest.mark.parametrize("file", TRANSLATED, ids=lambda file: str(file.relative_to(DOCS)))
def test_a_translation_says_what_its_original_says(file: Path) -> None:
    """As far as that can be told: as many headings, rows about the same, and the same commands."""
    address = str(file.relative_to(DOCS)).replace(".es.md", ".md")
    if address == "index.md":  # its original is the README, which has a Spanish part itself
        return
    texts = [path.read_text("utf-8") for path in (DOCS / address, file)]
    english, spanish = ([shape(text), rows(text), commands(text)] for text in texts)
    assert spanish == english


def shape(text: str) -> list[str]:
    return re.findall(r"^#+(?= )", FENCED.sub("", text), re.MULTILINE)


def rows(text: str) -> list[list[list[str]]]:
    """Of each table, in their order: the names, as code, that each row begins with."""
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [
        [re.findall(r"`.+?`", row.split("|")[1]) for row in table.splitlines()] for table in tables
    ]


def commands(text: str) -> list[str]:
    """Without what is told beside them."""
    blocks = [block for block in FENCED.findall(text) if block.startswith(("```bash", "```\n"))]
    return [re.sub(r"\s+#.*", "", block) for block in blocks]


def test_what_would_be_asked_of_another_host_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="https://fine.example">x</a><script src="https://bad.example/x.js"></script>'
        '<link rel="stylesheet" href="//fonts.example/a.css"><img src="own.png">'
    )
    found = list(build_site.fetched_elsewhere(tmp_path))
    assert len(found) == 2
    assert all("a.html" in line for line in found)

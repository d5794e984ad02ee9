"""The documents of the repository become the pages of a site, in one language each.

Documents are written to be read where they lie: links lead from file to file, anchors are those
that GitHub makes of headings, and ``page.es.md`` beside ``page.md`` is its translation.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LANGUAGES = ("en", "es")
# Pages that lie outside docs/, because they are read there.
ELSEWHERE = {
    "index.md": ROOT / "README.md",
    "changelog.md": ROOT / "CHANGELOG.md",
    "comparison.md": ROOT / "scripts/peers/README.md",
    "security.md": ROOT / ".github/SECURITY.md",
    **{f"making/{file.parent.name}.md": file for file in ROOT.glob("artifacts/*/README.md")},
}
NOT_TRANSLATED = "*Esta página está en inglés: todavía no hay traducción.*"
_HEADING = re.compile(r"(?P<marks>#+) (?P<words>.+)")
_LINK = re.compile(r"\[(?P<words>[^\]]*)\]\((?P<target>[^)]+)\)")


@dataclass(frozen=True)
class Page:
    """One address of the site, such as ``systems/news.md``, and the document of each language."""

    address: str
    english: Path
    spanish: Path | None

    def document(self, language: str) -> Path:
        """Its text in ``language``; in English where it is not translated."""
        return self.spanish if language == "es" and self.spanish else self.english


def all_pages() -> dict[str, Page]:
    """Every page, by its address."""
    documents = {**_within_docs(), **ELSEWHERE}
    pages = {}
    for address, english in sorted(documents.items()):
        spanish = (DOCS / address).with_suffix(".es.md")
        pages[address] = Page(address, english, spanish if spanish.exists() else None)
    return pages


def _within_docs() -> dict[str, Path]:
    files = (file for file in DOCS.rglob("*.md") if not file.name.endswith(".es.md"))
    return {file.relative_to(DOCS).as_posix(): file for file in files}


def anchors(text: str) -> list[str]:
    """Of each heading, in their order, as GitHub makes them."""
    return [anchor(found["words"]) for line in _prose(text) if (found := _HEADING.match(line))]


def anchor(heading: str) -> str:
    """``Two files`` -> ``two-files``: letters, digits, ``_`` and ``-`` are what stays."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _prose(text: str) -> Iterator[str]:
    """Yield its lines, but an empty one for each of a block of code."""
    fenced = False
    for line in text.splitlines():
        mark = line.lstrip().startswith("```")
        yield "" if fenced or mark else line
        fenced ^= mark


def _place_of(picture: Path) -> str:
    return f"pictures/{picture.relative_to(ROOT).as_posix()}"


class Site:
    """The pages in one language; ``repository`` is where all else can be read, if anywhere."""

    def __init__(self, language: str, repository: str | None = None) -> None:
        self._language = language
        self._repository = repository
        self._pages = all_pages()
        self._pictures: set[Path] = set()
        self._addresses = {
            file: page.address
            for page in self._pages.values()
            for file in (page.english, page.spanish)
            if file
        }

    def write(self, folder: Path) -> None:
        """Write every page below ``folder``, and the pictures that they show."""
        for page in self._pages.values():
            place = folder / page.address
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(self.text(page), encoding="utf-8")
        for picture in sorted(self._pictures):
            place = folder / _place_of(picture)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(picture.read_bytes())

    def text(self, page: Page) -> str:
        """Return what the page says: its links lead to pages, its anchors are the English ones."""
        document = page.document(self._language)
        text = document.read_text(encoding="utf-8")
        ids = iter(self._english_anchors(page, document))
        lines = [
            self._line(line, page, document, ids) if prose else line
            for line, prose in zip(text.splitlines(), _prose(text), strict=True)
        ]
        missing = self._language == "es" and document == page.english
        if missing:
            lines.insert(1, f"\n{NOT_TRANSLATED}")
        return "\n".join(lines) + "\n"

    def _english_anchors(self, page: Page, document: Path) -> list[str]:
        """A translation has the anchors of its original, so that links mean both."""
        own = anchors(document.read_text(encoding="utf-8"))
        english = anchors(page.english.read_text(encoding="utf-8"))
        return english if len(english) == len(own) else own

    def _line(self, line: str, page: Page, document: Path, ids: Iterator[str]) -> str:
        if _HEADING.match(line):
            return f"{line} {{ #{next(ids)} }}"
        return _LINK.sub(lambda link: self._link(link, page, document), line)

    def _link(self, link: re.Match[str], page: Page, document: Path) -> str:
        target, words = link["target"], link["words"]
        if re.match(r"[a-z]+:", target):
            return link[0]
        name, _, fragment = target.partition("#")
        file = (document.parent / name).resolve() if name else document
        address = self._addresses.get(file) or self._picture(file)
        if address is None:
            return self._outside(words, file)
        to = os.path.relpath(address, Path(page.address).parent)
        return f"[{words}]({to}{self._fragment(address, file, fragment)})"

    def _picture(self, file: Path) -> str | None:
        if file.suffix not in {".svg", ".png"}:
            return None
        self._pictures.add(file)
        return _place_of(file)

    def _fragment(self, address: str, file: Path, fragment: str) -> str:
        if not fragment:
            return ""
        own = anchors(file.read_text(encoding="utf-8"))
        english = self._english_anchors(self._pages[address], file)
        return "#" + dict(zip(own, english, strict=True)).get(fragment, fragment)

    def _outside(self, words: str, file: Path) -> str:
        """Link to what is no page: to be read in the repository, or named where it is not known."""
        name = file.relative_to(ROOT).as_posix()
        if self._repository:
            return f"[{words}]({self._repository}/blob/main/{name})"
        return f"{words} (`{name}`)"

"""Build the documentation as a site, in English and Spanish; a link that leads nowhere ends it.

    python scripts/site/build_site.py [FOLDER]

FOLDER is build/site by default. Needs scripts/requirements/docs.txt. Nothing in the site asks
another host for anything; to search in it, it has to be served:

    python -m http.server --directory build/site
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from site_pages import LANGUAGES, ROOT, Site

HERE = Path(__file__).resolve().parent
SECTIONS = {
    "Use it": "Usarlo",
    "Your model": "Tu modelo",
    "Run it": "Ponerlo en marcha",
    "Five systems": "Cinco sistemas",
    "Their making": "Cómo se hicieron",
    "Behind it": "Por dentro",
    "Dark": "Oscuro",
    "Light": "Claro",
}
NAMES = {"en": "English", "es": "Español"}
_FETCHED = re.compile(r"<(?:script|img|iframe|source)[^>]* src=\"?(?:https?:)?//[^>]*>")
_STYLED = re.compile(r"<link[^>]*(?:stylesheet|icon|preconnect)[^>]* href=\"?(?:https?:)?//[^>]*>")


def build(folder: Path) -> None:
    """Make the site in ``folder``, anew.

    Raises CalledProcessError where something is wrong; it is on the error stream.
    """
    for language in LANGUAGES:
        place = folder if language == "en" else folder / language
        with tempfile.TemporaryDirectory() as work:
            _build_one(language, Path(work), place)


def _build_one(language: str, work: Path, place: Path) -> None:
    documents, settings = work / "pages", work / "mkdocs.yml"
    Site(language, repository()).write(documents)
    shutil.copy(HERE / "colours.css", documents)
    settings.write_text(yaml.safe_dump(configuration(language, documents, place)), "utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(settings)]
    subprocess.run(command, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})


def repository() -> str | None:
    """Where the source can be read, as a workflow of GitHub knows."""
    server, name = os.environ.get("GITHUB_SERVER_URL"), os.environ.get("GITHUB_REPOSITORY")
    return f"{server}/{name}" if server and name else None


def configuration(language: str, documents: Path, place: Path) -> dict[str, Any]:
    """What MkDocs is told: mkdocs.yml, in the language."""
    told: dict[str, Any] = yaml.safe_load((HERE / "mkdocs.yml").read_text(encoding="utf-8"))
    if language == "es":
        told = _translated(told)
    address = os.environ.get("SITE_URL")  # where it will be; the list of its pages needs that
    if address:
        told["site_url"] = address if language == "en" else f"{address}{language}/"
    told |= {"docs_dir": str(documents), "site_dir": str(place), "use_directory_urls": False}
    told["theme"]["language"] = language
    told["plugins"] = [{"search": {"lang": list(LANGUAGES) if language == "es" else "en"}}]
    roots = {"en": {"en": "./", "es": "./es/"}, "es": {"en": "../", "es": "./"}}
    told["extra"]["alternate"] = [
        {"name": NAMES[code], "root": root, "link": root, "lang": code}
        for code, root in roots[language].items()
    ]
    told["hooks"] = [str(HERE / "same_page.py")]
    return told


def _translated(value: Any) -> Any:
    if isinstance(value, dict):
        return {SECTIONS.get(key, key): _translated(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_translated(below) for below in value]
    return SECTIONS.get(value, value) if isinstance(value, str) else value


def fetched_elsewhere(folder: Path) -> Iterator[str]:
    """Yield what a page would ask another host for."""
    for page in sorted(folder.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        for found in (*_FETCHED.findall(text), *_STYLED.findall(text)):
            yield f"{page.relative_to(folder)}: {found}"


def main() -> int:
    folder = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "build" / "site"
    try:
        build(folder)
    except subprocess.CalledProcessError:
        print("The documentation could not be built: see above.", file=sys.stderr)
        return 1
    elsewhere = list(fetched_elsewhere(folder))
    if elsewhere:
        print("These ask another host:", *elsewhere, sep="\n  ", file=sys.stderr)
        return 1
    print(f"The documentation is at {folder / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

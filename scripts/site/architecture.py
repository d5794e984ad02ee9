"""Draw the rooms of the source as its import contracts have them: docs/architecture.svg.

    python scripts/site/architecture.py

The contracts (pyproject.toml, import-linter) are checked against the imports themselves, and name
every room; what a room is says its docstring. So the drawing cannot be of another house.
"""

from __future__ import annotations

import ast
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DRAWING = ROOT / "docs" / "architecture.svg"
SOURCE = ROOT / "src" / "vistazo"
WIDTH, MARGIN, GAP, PADDING = 820, 16, 12, 12
LINE, LETTER = 17, 6.7  # pixels: height of a line, width of a letter of 13 pixels
_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #1c2b33; }
.name { font-weight: 600; font-size: 14px; }
.frameworks { font-style: italic; fill: #00695c; }
.paper { fill: #ffffff; }
.room { fill: #eef6f5; stroke: #00796b; }
@media (prefers-color-scheme: dark) {
  text { fill: #e3ecec; }
  .frameworks { fill: #80cbc4; }
  .paper { fill: #1b2225; }
  .room { fill: #24302f; stroke: #4db6ac; }
}
"""


@dataclass(frozen=True)
class Room:
    """A module or package of the first level; ``frameworks`` are imported nowhere else."""

    name: str
    what: str
    frameworks: tuple[str, ...]


def floors(contracts: list[dict[str, Any]]) -> list[list[Room]]:
    """The rooms, those that may import the others first; rooms of one floor know nothing of
    each other.
    """
    house = next(each for each in contracts if each.get("containers") == ["vistazo"])
    at_home = _at_home(contracts)
    return [
        [_room(name.strip(), at_home) for name in layer.split("|")] for layer in house["layers"]
    ]


def _at_home(contracts: list[dict[str, Any]]) -> dict[str, list[str]]:
    """By room the packages that a contract keeps there."""
    found: dict[str, list[str]] = {}
    for contract in contracts:
        rooms = {importer.split(".")[1] for importer in contract.get("allowed_importers", ())}
        for room in sorted(rooms):
            found.setdefault(room, []).extend(contract["protected_modules"])
    return found


def _room(name: str, at_home: dict[str, list[str]]) -> Room:
    package = SOURCE / name / "__init__.py"
    file = package if package.exists() else SOURCE / f"{name}.py"
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    what = " ".join(docstring.partition("\n\n")[0].replace("``", "").split())
    return Room(name, what, tuple(dict.fromkeys(at_home.get(name, ()))))


def drawn(house: list[list[Room]]) -> str:
    """Return the house as SVG: what stands lower is imported by what stands above it."""
    body: list[str] = []
    top = MARGIN
    for floor in house:
        width = (WIDTH - 2 * MARGIN - GAP * (len(floor) - 1)) // len(floor)
        lines = [list(_lines(room, width)) for room in floor]
        height = 2 * PADDING + LINE * max(map(len, lines)) - 4
        for place, said in enumerate(lines):
            body += _box(MARGIN + place * (width + GAP), top, width, height, said)
        top += height + GAP
    height = top - GAP + MARGIN
    words = "; ".join(" beside ".join(room.name for room in floor) for floor in house)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            "<title>The rooms of Vistazo: each imports only what stands below it</title>",
            f"<desc>From the top: {escape(words)}.</desc>",
            f"<style>\n{_STYLE}</style>",
            f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
            *body,
            "</svg>\n",
        ]
    )


def _lines(room: Room, width: int) -> Iterator[tuple[str, str]]:
    """Yield the lines of a box, each with its class."""
    letters = int((width - 2 * PADDING) / LETTER)
    yield "name", room.name
    yield from (("", line) for line in textwrap.wrap(room.what, letters))
    frameworks = ", ".join(room.frameworks)
    yield from (("frameworks", line) for line in textwrap.wrap(frameworks, letters))


def _box(
    left: int, top: int, width: int, height: int, lines: list[tuple[str, str]]
) -> Iterator[str]:
    yield (f'<rect class="room" x="{left}" y="{top}" width="{width}" height="{height}" rx="6"/>')
    for number, (kind, words) in enumerate(lines):
        place = f'x="{left + PADDING}" y="{top + PADDING + 10 + LINE * number}"'
        yield f'<text class="{kind}" {place}>{escape(words)}</text>'


def contracts() -> list[dict[str, Any]]:
    """Return those of pyproject.toml."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = told["tool"]["importlinter"]["contracts"]
    return found


def main() -> int:
    DRAWING.write_text(drawn(floors(contracts())), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

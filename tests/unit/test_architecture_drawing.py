"""The drawing of the architecture is of the contracts that the imports are checked against."""

from __future__ import annotations

import re
import sys

from documents import DOCS, ROOT

sys.path.append(str(ROOT / "scripts" / "site"))

import architecture


def test_the_drawing_is_that_of_the_contracts() -> None:
    drawn = architecture.drawn(architecture.floors(architecture.contracts()))
    assert (DOCS / "architecture.svg").read_text("utf-8") == drawn, (
        "Run '.venv/bin/python scripts/site/architecture.py'"
    )


def test_every_room_is_drawn_once_and_below_those_that_may_import_it() -> None:
    house = architecture.floors(architecture.contracts())
    rooms = [room.name for floor in house for room in floor]
    modules = {file.stem for file in architecture.SOURCE.iterdir() if file.suffix in {".py", ""}}
    assert set(rooms) == modules - {"__init__", "__pycache__"}
    drawing = (DOCS / "architecture.svg").read_text("utf-8")
    named = re.findall(r'<text class="name" x="\d+" y="(\d+)">(\w+)<', drawing)
    assert [name for _, name in named] == rooms
    assert [int(y) for y, _ in named] == sorted(int(y) for y, _ in named)


def test_a_package_is_named_where_a_contract_keeps_it() -> None:
    rooms = {
        room.name: room for floor in architecture.floors(architecture.contracts()) for room in floor
    }
    assert "fastapi" in rooms["api"].frameworks
    assert "onnxruntime" in rooms["engines"].frameworks
    assert "fastapi" not in rooms["service"].frameworks

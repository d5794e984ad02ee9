"""Write the fields of a card into docs/card.md, as artifacts/model-card.schema.json has them.

python scripts/site/card_fields.py
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from site_pages import ROOT, anchor

SCHEMA = ROOT / "artifacts" / "model-card.schema.json"
PAGE = ROOT / "docs" / "card.md"
_BLOCK = re.compile(r"(?<=<!-- fields -->\n).*?(?=<!-- end of fields -->)", re.DOTALL)
# The parts of a card, in the order of the page, and what they are called there.
CARDS = ("ModelCard", "TextCard", "RowCard")
HEADINGS = {
    "InputSpec": "input, of pictures",
    "AcceptedHeaders": "accepts, of DICOM files",
    "Standardization": "scale, by mean and deviation",
    "OutputSpec": "output, of pictures",
    "ClassOutput": "more_outputs: one that classifies",
    "NumberOutput": "more_outputs: a number",
    "IgnoredOutput": "more_outputs: one that is not answered",
    "TextSpec": "input, of texts",
    "RowSpec": "input, of rows",
    "SampleOutput": "output, of texts and rows",
    "PageSpec": "page",
    "DriftSpec": "drift",
    "CostSpec": "costs",
}
Schema = Mapping[str, Any]


def with_fields(text: str, schema: Schema) -> str:
    """Return the page ``text`` with its block as the schema says now.

    Raises KeyError where the schema has a part that this page has no heading for.
    """
    written = "\n".join(["", *_sections(schema["$defs"]), ""])
    return _BLOCK.sub(lambda _: written, text)


def _sections(parts: Mapping[str, Schema]) -> Iterator[str]:
    of_pictures, of_texts, of_rows = (parts[name]["properties"] for name in CARDS)
    every = [name for name in of_pictures if of_texts.get(name) == of_pictures[name]]
    yield from _section("Every card", parts["ModelCard"], every)
    yield from _section("Of pictures", parts["ModelCard"], of_pictures.keys() - set(every))
    of_both = {name: _either(of_texts[name], of_rows[name]) for name in of_texts}
    further = of_texts.keys() - set(every)
    yield from _section("Of texts, or rows", {"properties": of_both}, further)
    unknown = parts.keys() - HEADINGS.keys() - set(CARDS)
    if unknown:
        raise KeyError(f"HEADINGS of scripts/site/card_fields.py has none for {sorted(unknown)}.")
    for name, heading in HEADINGS.items():
        if name in parts:
            yield from _section(heading, parts[name], parts[name]["properties"])


def _either(one: Schema, other: Schema) -> Schema:
    return one if one == other else {"anyOf": [one, other]}


def _section(heading: str, part: Schema, names: Iterable[str]) -> Iterator[str]:
    yield from [f"## {heading}", ""]
    if heading in HEADINGS.values():
        yield from [_plain(part["description"]), ""]
    yield from ["| field | what it may be | by default | what it says |", "|---|---|---|---|"]
    chosen = set(names)
    for name, field in part["properties"].items():
        if name in chosen:
            default = "has to be there" if name in part.get("required", ()) else _default(field)
            cells = (f"`{name}`", kind(field), default, _plain(field.get("description", "")))
            yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
    yield ""


def _default(field: Schema) -> str:
    value = field.get("default")
    return "" if value in (None, "", [], {}) or "$ref" in field else f"`{json.dumps(value)}`"


def _plain(words: str) -> str:
    """Code as Markdown marks it, on one line."""
    return " ".join(words.replace("``", "`").split())


def kind(field: Schema) -> str:
    """Say what a value may be: of ``{"type": "number", "minimum": 0}``, ``number from 0``."""
    if "$ref" in field:
        heading = HEADINGS[field["$ref"].rpartition("/")[2]]
        return f"[{heading}](#{anchor(heading)})"
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    for several in ("anyOf", "oneOf"):
        if several in field:
            kinds = [kind(each) for each in field[several] if each.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    return {
        "string": _text,
        "boolean": lambda _: "`true`, `false`",
        "array": _list,
        "object": _mapping,
    }.get(field.get("type", "object"), _number)(field)


def _text(field: Schema) -> str:
    most = field.get("maxLength")
    return f"text of up to {most} characters" if most else "text"


def _list(field: Schema) -> str:
    if "prefixItems" in field:
        return f"[{', '.join(kind(each) for each in field['prefixItems'])}]"
    return f"list: {kind(field['items'])}"


def _mapping(field: Schema) -> str:
    if "patternProperties" in field:
        return "one for each language, `{en: ..., es: ...}`"
    below = field.get("additionalProperties")
    return f"by name: {kind(below)}" if isinstance(below, dict) else "mapping"


def _number(field: Schema) -> str:
    whole = "whole number" if field["type"] == "integer" else "number"
    bounds = {
        "exclusiveMinimum": "above {}",
        "minimum": "from {}",
        "exclusiveMaximum": "below {}",
        "maximum": "up to {}",
    }
    said = [words.format(field[name]) for name, words in bounds.items() if name in field]
    return " ".join([whole, *said])


def main() -> int:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    PAGE.write_text(with_fields(PAGE.read_text(encoding="utf-8"), schema), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The page on the fields of a card says what the schema says."""

from __future__ import annotations

import json
import re
import sys

import pytest
import yaml

from documents import ROOT, text_of
from vistazo.models.card_file import read_card

sys.path.append(str(ROOT / "scripts" / "site"))

import card_fields

SCHEMA = json.loads((ROOT / "artifacts" / "model-card.schema.json").read_text("utf-8"))


def test_the_page_has_every_field_as_the_schema_has_it() -> None:
    text = text_of("card.md")
    assert card_fields.with_fields(text, SCHEMA) == text, (
        "Run '.venv/bin/python scripts/site/card_fields.py'"
    )
    for part in SCHEMA["$defs"].values():
        assert all(f"| `{name}` |" in text for name in part["properties"])


def test_a_part_that_the_page_does_not_know_is_told() -> None:
    schema = {"$defs": {**SCHEMA["$defs"], "NewSpec": {"properties": {}}}}
    with pytest.raises(KeyError, match="NewSpec"):
        card_fields.with_fields(text_of("card.md"), schema)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"type": "integer", "minimum": 0, "maximum": 255}, "whole number from 0 up to 255"),
        ({"type": "number", "exclusiveMinimum": 0}, "number above 0"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text"),
        ({"type": "array", "prefixItems": [{"type": "number"}] * 2}, "[number, number]"),
        ({"$ref": "#/$defs/DriftSpec"}, "[drift](#drift)"),
    ],
)
def test_what_a_field_may_be_is_said_in_words(field: dict[str, object], words: str) -> None:
    assert card_fields.kind(field) == words


def test_the_card_that_the_page_shows_is_that_of_the_pneumonia_model() -> None:
    shown = re.search(r"```yaml\n(.*?)```", text_of("card.md"), re.DOTALL)
    assert shown
    path = ROOT / "artifacts" / "pneumonia" / "pneumonia.card.yaml"
    real = read_card(path).model_dump(mode="json")
    for name, value in yaml.safe_load(shown[1]).items():
        if isinstance(value, dict):
            assert value.items() <= real[name].items()
        else:
            assert value == real[name]

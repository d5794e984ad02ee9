"""What is wrong with a card, a setting or a training file is said in words of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core.core_schema import ErrorType

from builders import card
from vistazo.errors import CardError, SettingsError
from vistazo.models.card import ModelCard
from vistazo.models.card_file import TEXTS, parse_card, parse_card_of
from vistazo.models.faults import PATTERNS, WORDS, faults_in, field_of, said
from vistazo.models.sample_card import RowCard, TextCard
from vistazo.service.settings import Settings
from vistazo.training.config import TrainingConfig
from vistazo.training.text_config import TextTrainingConfig

SOUND = """
name: pneumonia
version: 1.0.0
labels: [NORMAL, PNEUMONIA]
positive: PNEUMONIA
input: {height: 224, width: 224, colour: grey, scale: 1/255}
output: {kind: sigmoid, threshold: 0.42, uncertain_band: [0.35, 0.55]}
"""
KINDS: tuple[type[BaseModel], ...] = (
    ModelCard, TextCard, RowCard, TrainingConfig, TextTrainingConfig, Settings,
)  # fmt: skip
WRONG: tuple[Any, ...] = (
    None, True, -1, 10**30, 1.5, float("nan"), "", "@ x" * 200, b"\xff", [], ["a"], [[1, 2, 3]],
    {}, {"a": 1}, {1: "a"}, {"en": 1}, {"no-such": {"x": []}},
)  # fmt: skip
OF_PYDANTIC = frozenset(get_args(ErrorType)) - {"value_error"}


def _documents(fields: dict[str, Any], wrong: Any) -> Iterator[dict[str, Any]]:
    """With each field wrong in turn, those inside of parts too."""
    for name, value in fields.items():
        yield {**fields, name: wrong}
        if isinstance(value, dict):
            yield from ({**fields, name: inner} for inner in _documents(value, wrong))


def _whole(kind: type[BaseModel]) -> dict[str, Any]:
    """Something for each field, and for those of its parts."""
    found = card().model_dump() if kind is ModelCard else {}
    for name, field in kind.model_fields.items():
        part = field.annotation
        if isinstance(part, type) and issubclass(part, BaseModel):
            found[name] = _whole(part)
        found.setdefault(name, "1" if kind is Settings else None)  # of it all are texts
    return {**found, "no_such_field": 1}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_whatever_is_wrong_is_said_without_the_words_of_the_validator(
    kind: type[BaseModel],
) -> None:
    met = set()
    of_environment = [wrong for wrong in WRONG if isinstance(wrong, str)]
    for wrong in of_environment if kind is Settings else WRONG:
        for document in _documents(_whole(kind), wrong):
            with pytest.raises(ValidationError) as error:
                kind.model_validate(document)
            for fault in faults_in(error.value):
                met.add(fault["type"])
                words, where = said(fault), field_of(fault)
                assert words
                assert not any(mark in words + where for mark in "{}[]("), (where, words)
                if fault["type"] in OF_PYDANTIC:
                    assert fault["type"] in WORDS, fault
                    assert words != fault["msg"]
    assert met & OF_PYDANTIC


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_pattern_that_a_text_has_to_match_is_told_in_words(kind: type[BaseModel]) -> None:
    def patterns(schema: object) -> Iterator[str]:
        if isinstance(schema, dict):
            yield from (value for name, value in schema.items() if name == "pattern")
            yield from (found for value in schema.values() for found in patterns(value))
            for name in schema:
                if name == "patternProperties":
                    yield from schema[name]
        elif isinstance(schema, list):
            yield from (found for value in schema for found in patterns(value))

    assert set(patterns(kind.model_json_schema())) <= {*PATTERNS}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("[NORMAL, PNEUMONIA]", "[NORMAL]", "labels: should have 2 or more entries, not 1"),
        ("colour: grey", "colour: gray", "input.colour: should be grey, rgb or bgr"),
        ("1/255", "255", "input.scale: should be none, 1/255, 1/127.5-1 or per_picture"),
        ("1/255", "{mean: [x], std: [1]}", "input.scale.mean.0: should be a number"),
        ("height: 224", "height: 0", "input.height: should be more than 0"),
        ("height: 224, ", "", "input.height: is missing"),
        ("threshold", "treshold", "output.treshold: is not known here: correct its name, or take"),
        ("[0.35, 0.55]", "[0.35]", "output.uncertain_band.1: is missing"),
        ("1.0.0", "1.0", "version: should be a text: write it in quotes"),
        ("name: p", "name: /p", "name: may have letters, digits and . _ - and begins with a"),
        ("positive:", "title: {no: X}\npositive:", "title: has a name that is no text"),
        ("positive:", "title: {English: X}\npositive:", "title.English: should be the code of a"),
    ],
)
def test_a_card_is_corrected_by_what_is_said_of_it(before: str, after: str, told: str) -> None:
    assert before in SOUND
    with pytest.raises(CardError) as error:
        parse_card(SOUND.replace(before, after))
    assert f"\n  {told}" in str(error.value)


def test_a_value_of_a_card_that_is_none_is_told_once() -> None:
    text = "task: text\nname: a\nversion: '1'\nlabels: [a, b]\nvalues: [[1], 2]\n"
    with pytest.raises(CardError) as error:
        parse_card_of(text, TEXTS)
    assert str(error.value).splitlines()[1:] == [
        "  values.0: should be a text, a number, true or false"
    ]


def test_a_setting_is_corrected_by_what_is_said_of_it() -> None:
    with pytest.raises(SettingsError) as error:
        Settings.from_environment({"PORT": "http", "THREADS": "0", "LOG_FORMAT": "xml"}, 10**9)
    assert str(error.value).splitlines()[1:] == [
        "  PORT: should be a whole number (it is 'http')",
        "  THREADS: should be at least 1 (it is '0')",
        "  LOG_FORMAT: should be auto, json or console (it is 'xml')",
    ]


def test_what_pydantic_calls_by_a_name_that_is_new_is_said_in_words_all_the_same() -> None:
    assert said({"type": "uuid_parsing", "loc": ("a",), "msg": "Input should be"}) == (
        "cannot be used as it is"
    )

"""A model card as a file: YAML beside the weights, ``model.keras`` -> ``model.card.yaml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from vistazo.errors import CardError
from vistazo.models.card import Card, ModelCard
from vistazo.models.faults import fault_lines
from vistazo.models.sample_card import RowCard, TextCard
from vistazo.models.strict_yaml import read_yaml

MAX_CARD_BYTES = 1_000_000
# Stands in a card for what only a person knows.
TO_DO = "TODO"


def card_path(model_path: Path) -> Path:
    """Where the card of a model lies: ``dir/model.keras`` -> ``dir/model.card.yaml``."""
    return model_path.with_name(model_path.stem + ".card.yaml")


_Card = TypeVar("_Card", bound=Card)
Kinds = Mapping[str, type[_Card]]
# By ``task``; where a card names none it is the first of those that it may be.
PICTURES: Kinds[ModelCard] = {"image": ModelCard}
TEXTS: Kinds[TextCard] = {"text": TextCard}
ROWS: Kinds[RowCard] = {"rows": RowCard}


def read_card(path: Path) -> ModelCard:
    """Read and validate a card. Raises CardError, with one line for every field that is wrong."""
    text = _text_of(path)
    if text is None:
        raise CardError(
            f"There is no model card at {path}. Labels are never guessed: "
            "'vistazo inspect MODEL' prints a card to complete and save there."
        )
    return parse_card(text, str(path))


def find_card(path: Path) -> ModelCard | None:
    """The card in a file; None where there is none, or nothing in it but blanks and comments.

    Raises CardError as ``read_card``.
    """
    return find_card_of(path, PICTURES)


def find_card_of(path: Path, kinds: Kinds[_Card]) -> _Card | None:
    """As ``find_card``, of a model that does one of these tasks."""
    text = _text_of(path)
    return None if text is None or is_blank(text) else parse_card_of(text, kinds, str(path))


def is_of_pictures(path: Path) -> bool:
    """Whether the card in a file speaks of pictures, sound or not; False where there is none."""
    try:
        document = read_yaml(_text_of(path) or "")
    except ValueError:
        return False
    if not isinstance(document, dict):
        return False
    spec = document.get("input")
    return document.get("task") == "image" or (isinstance(spec, dict) and "height" in spec)


def is_blank(text: str) -> bool:
    """Whether a card says nothing at all, as one that a shell has just made for ``> FILE``."""
    lines = (line.strip() for line in text.splitlines())
    return all(not line or line.startswith("#") for line in lines)


def _text_of(path: Path) -> str | None:
    """None where there is no such file."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CARD_BYTES + 1)
        if len(data) > MAX_CARD_BYTES:
            raise CardError(f"The model card {path} is larger than {MAX_CARD_BYTES} bytes.")
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CardError(f"The model card {path} cannot be read: {error}.") from error


def parse_card(text: str, source: str = "the card") -> ModelCard:
    """Validate a card given as YAML. Raises CardError."""
    return parse_card_of(text, PICTURES, source)


def parse_card_of(text: str, kinds: Kinds[_Card], source: str = "the card") -> _Card:
    """As ``parse_card``, of a model that does one of these tasks."""
    if is_blank(text):
        raise CardError(f"{source} is empty. Complete it, or delete it.")
    try:
        document = read_yaml(text)
    except ValueError as error:
        raise CardError(f"{source} is not valid YAML: {error}") from error
    if not isinstance(document, dict):
        raise CardError(f"{source} is not a model card: it should be a list of 'field: value'.")
    open_fields = list(_still_to_do(document))
    if open_fields:
        raise CardError(
            f"{source} still says {TO_DO} at {', '.join(open_fields)}. Complete it; or "
            "delete it, and 'vistazo setup MODEL PICTURES' finds out what pictures can tell."
        )
    return validate_card_of(document, kinds, source)


def _still_to_do(value: object, place: str = "") -> Iterator[str]:
    """The places of it, as deep as they lie."""
    if value == TO_DO:
        yield place
    within = dict(enumerate(value)) if isinstance(value, list) else value
    for name, inner in within.items() if isinstance(within, dict) else ():
        yield from _still_to_do(inner, f"{place}.{name}" if place else str(name))


def validate_card(document: Mapping[str, object], source: str) -> ModelCard:
    """A card of these fields. Raises CardError, with one line for every field that is wrong."""
    return validate_card_of(document, PICTURES, source)


def validate_card_of(document: Mapping[str, object], kinds: Kinds[_Card], source: str) -> _Card:
    """As ``validate_card``, of a model that does one of these tasks."""
    usual = next(iter(kinds))
    kind = kinds.get(str(document.get("task", usual)))
    if kind is None:
        raise CardError(
            f"{source} says task: {document.get('task')}, but the model's is {usual}. Correct it."
        )
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        lines = fault_lines(error, "card")
        raise CardError(f"{source} needs a correction:\n" + "\n".join(lines)) from error


def write_card(card: Card, path: Path) -> None:
    """Write a card as YAML; what equals its default is left out, but for the task: without it a
    card is taken for one of pictures, as all were at first.
    """
    document = card.model_dump(mode="json", exclude_defaults=True)
    if not isinstance(card, ModelCard):
        document = card.model_dump(mode="json", include={"task"}) | document
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    path.write_text(text, encoding="utf-8")

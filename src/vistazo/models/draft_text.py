"""A draft as YAML that a person reads and completes: each field with how it is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from vistazo.models.card_file import TO_DO
from vistazo.models.drafting import (
    KIND,
    LABELS,
    MORE,
    SCALE,
    SIZE,
    CardDraft,
    example_of,
    labels_wanted,
    numbers_of,
    parted,
)

_BY_A_PERSON = """\
made_for: ""  # what it takes, in words that can follow "for"; each text: {en: ..., es: ...}, too
intended_use: ""  # what it is for, and what not
population: ""  # whose pictures it was trained on
limits: ""  # how it fails, what was not tested
licence: ""
"""


def draft_text(draft: CardDraft) -> str:
    """Valid YAML, whatever is missing."""
    return "".join(_lines(draft)) + _BY_A_PERSON


def what_to_do(draft: CardDraft, place: Path) -> str:
    """A comment that says what is left to a person, and where to save the card."""
    left = f"Complete what says {TO_DO}" if draft.missing else "Nothing is missing"
    return f"# {left}; save this as {place}.\n"


def _lines(draft: CardDraft) -> Iterator[str]:
    part = ""
    for name in (*_in_card_order(draft),):
        above, inner = parted(name)
        if above != part:
            part = above
            yield f"{part}:\n"
        indent = "  " if above else ""
        for field, value in _values(draft, name, inner):
            yield f"{indent}{_scalar(field)}: {value}  # {_comment(draft, name)}\n"


def _in_card_order(draft: CardDraft) -> list[str]:
    names = [*draft.fields, *draft.missing]
    order = ("", "input", "output", MORE)
    return sorted(names, key=lambda name: order.index(parted(name)[0]))


def _values(draft: CardDraft, name: str, inner: str) -> Iterator[tuple[str, str]]:
    value = draft.fields.get(name, TO_DO)
    if name == SIZE and isinstance(value, tuple):
        yield from zip(("height", "width"), map(str, value), strict=True)
    else:
        yield inner or name, _scalar(value)


def _scalar(value: object) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    text: str = yaml.safe_dump(
        plain, default_flow_style=True, allow_unicode=True, width=float("inf")
    )
    return text.strip().removesuffix("...").strip()


def _comment(draft: CardDraft, name: str) -> str:
    why = next((known.why for known in draft.conclusions if known.field == name), None)
    if why is not None:
        return " ".join(why.split())
    for output in draft.signature.others:
        if name == f"{MORE}.{output.name}":
            return f"{numbers_of(output.units, output.activation)}: {example_of(output)}"
    return {
        LABELS: labels_wanted(draft.signature),
        SCALE: "none, 1/255, 1/127.5-1, per_picture, or mean and std: as in training",
        KIND: "softmax, sigmoid, multilabel or logits: an output that classifies",
    }[name]

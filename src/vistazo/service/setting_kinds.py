"""Settings as people write them, and the values that they stand for."""

from __future__ import annotations

import json
import re
from typing import Annotated

from pydantic import BeforeValidator

from vistazo.errors import CardError
from vistazo.models.card import MAX_SIDE_PX
from vistazo.models.fetch import Location, parse_location
from vistazo.models.labels import check_labels


def _as_location(value: object) -> object:
    return parse_location(value) if isinstance(value, str) else value


LocationSetting = Annotated[Location, BeforeValidator(_as_location)]


def as_labels(value: object) -> object:
    """``normal,pneumonia``; a JSON list where a label itself holds a comma."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    labels = _listed(text) if text.startswith("[") else [each.strip() for each in text.split(",")]
    try:
        checked = check_labels(labels, "LABELS")
    except CardError as error:
        raise ValueError(str(error)) from error
    if len(checked) < 2:
        raise ValueError("write at least two labels, such as normal,pneumonia")
    return checked


def _listed(text: str) -> list[str]:
    try:
        return [str(label).strip() for label in json.loads(text)]
    except ValueError:
        raise ValueError('is no list in JSON, such as ["normal", "pneumonia, viral"]') from None


def as_word(value: object) -> object:
    return re.sub(r"\s", "", value).lower() if isinstance(value, str) else value


def as_size(value: object) -> object:
    if not isinstance(value, str):
        return value
    sides = re.fullmatch(r"\s*([0-9]+)\s*x\s*([0-9]+)\s*", value, re.IGNORECASE)
    if sides is None:
        raise ValueError("write it as HEIGHTxWIDTH, such as 500x720")
    height, width = int(sides[1]), int(sides[2])
    if not (1 <= height <= MAX_SIDE_PX and 1 <= width <= MAX_SIDE_PX):
        raise ValueError(f"height and width are 1 to {MAX_SIDE_PX}")
    return height, width

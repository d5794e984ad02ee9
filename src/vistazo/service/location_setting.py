"""A setting that is a path or a link."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from vistazo.models.fetch import Location, parse_location


def _located(value: object) -> object:
    return parse_location(value) if isinstance(value, str) else value


LocationSetting = Annotated[Location, BeforeValidator(_located)]

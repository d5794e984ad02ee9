"""A part of a parsed pattern that matches one character, as it would be written."""

from __future__ import annotations

from re import _constants as names  # type: ignore[attr-defined]
from typing import Any

_CATEGORIES = {
    names.CATEGORY_DIGIT: r"\d", names.CATEGORY_NOT_DIGIT: r"\D", names.CATEGORY_SPACE: r"\s",
    names.CATEGORY_NOT_SPACE: r"\S", names.CATEGORY_WORD: r"\w", names.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


class UnsafePatternError(ValueError):
    """It cannot be used. The text goes on after "its token_pattern": "is no regular expression"."""


def source_of(kind: Any, argument: Any) -> str:
    """Raises UnsafePatternError for any other part."""
    if kind is names.LITERAL:
        return f"[{_character(argument)}]"
    if kind is names.NOT_LITERAL:
        return f"[^{_character(argument)}]"
    if kind is names.ANY:
        return "."
    if kind is names.IN:
        return f"[{''.join(_member(*each) for each in argument)}]"
    raise UnsafePatternError("refers back to what it matched, or is of a kind that is not known")


def _member(kind: Any, argument: Any) -> str:
    if kind is names.NEGATE:
        return "^"
    if kind is names.CATEGORY:
        return _CATEGORIES[argument]
    if kind is names.RANGE:
        return f"{_character(argument[0])}-{_character(argument[1])}"
    return _character(argument)


def _character(code: int) -> str:
    return f"\\U{code:08x}"

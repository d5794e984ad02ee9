"""What is wrong with a field of a card, a setting or a query, in words that need no schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

_TEXT, _LIST, _WHOLE = "should be a text", "should be a list", "should be a whole number"
_FIELDS = "should be a list of 'field: value'"
_NAME = "has a name that is no text, as no and 1 are none: write it in quotes"
_NUMBER, _YES_NO = "should be a number", "should be true or false"
# By pydantic's names of them: https://docs.pydantic.dev/latest/errors/validation_errors/
WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not known here: correct its name, or take it away",
    "literal_error": "should be {expected}",
    "enum": "should be {expected}",
    "greater_than": "should be more than {gt}",
    "greater_than_equal": "should be at least {ge}",
    "less_than": "should be less than {lt}",
    "less_than_equal": "should be at most {le}",
    "finite_number": "should be a number that is finite",
    "string_type": _TEXT,
    "string_unicode": "should be a text in UTF-8",
    "string_too_short": "should have a letter or more",
    "string_too_long": "is too long: at most {max_length} characters",
    "string_pattern_mismatch": "is not written as it has to be",
    "too_short": "should have {min_length} or more entries, not {actual_length}",
    "too_long": "should have {max_length} entries at most, not {actual_length}",
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _FIELDS,
    "model_type": _FIELDS,
    "model_attributes_type": _FIELDS,
    "dataclass_type": _FIELDS,
    "bool_type": _YES_NO,
    "bool_parsing": _YES_NO,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "is too large a number",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "path_type": "should be a path",
    "invalid_key": _NAME,
}
_ELSE = "cannot be used as it is"
# What a text has to be like, for each pattern that a field has.
PATTERNS: dict[str, str] = {
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "may have letters, digits and . _ - and begins with a letter "
    "or a digit",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*\.(keras|h5)$": "should be the name of a file, .keras or .h5",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "may have letters, digits and _ and begins with no digit",
    r"^[A-Z][A-Z0-9_]{0,15}$": "should be a code of DICOM, such as CR or PA",
    r"^[0-9a-f]{64}$": "should be a SHA-256: 64 digits, 0 to 9 and a to f",
    r"^[0-9a-fA-F]{64}$": "should be a SHA-256: 64 digits, 0 to 9 and a to f",
    r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$": "should be the code of a language, such as en or es",
    r"^/[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*$": "should be a path such as /falsetrue, in "
    "small letters, digits, _ and -",
    r"^https?://": "should begin with http:// or https://",
}
# What pydantic ends the place of a fault with that is of a name, not of its value.
_KEY = "[key]"
_SCALARS = (bool, int, float)
_OF_PYDANTIC = frozenset(get_args(ErrorType))


def fault_lines(error: ValidationError, whole: str) -> list[str]:
    """A line for each fault, the field first; ``whole`` is what a fault of no one field is of."""
    return [f"  {field_of(fault) or whole}: {said(fault)}" for fault in faults_in(error)]


def faults_in(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False)


def field_of(fault: Mapping[str, Any]) -> str:
    """Where it is, such as ``input.scale.mean``; empty of the whole."""
    places = fault["loc"]
    if places[-1:] == (_KEY,) and fault["type"] != "extra_forbidden":  # a field may be called so
        places = places[:-1] if isinstance(places[-2], str) else places[:-2]
    return ".".join(str(place) for place in places if not str(place).startswith("("))


def said(fault: Mapping[str, Any]) -> str:
    """What is wrong, without the field's name: our own words where a check of ours failed, else
    those of ``WORDS``, since a validator's speak of its types.
    """
    kind, known = fault["type"], fault.get("ctx", {})
    if kind == "value_error":
        return str(known["error"])
    if kind not in WORDS:
        return _ELSE if kind in _OF_PYDANTIC else str(fault["msg"])
    if kind == "literal_error":
        known = {"expected": known["expected"].replace("'", "")}
    if kind == "string_type" and _KEY in fault["loc"]:
        return _NAME
    if kind == "string_type" and isinstance(fault["input"], _SCALARS):
        return f"{_TEXT}: write it in quotes"
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(known["pattern"], WORDS[kind])
    return WORDS[kind].format_map(known)

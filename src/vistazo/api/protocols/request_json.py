"""The JSON of a protocol's request: what is around its data is read, and is little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NoReturn

from vistazo.api.json_outline import Outline
from vistazo.api.plain_json import once_each
from vistazo.errors import RequestError

HOW = (
    'Send {"inputs": [{"name": "...", "datatype": "...", "shape": [...], "data": [...]}]}; the '
    "model's own page, /v2/models/NAME, says what it takes."
)
MAX_NAME = 200
_LONGEST_NAME_BYTES = 1_000
_MOST = 1 << 40  # of a whole number: a product of a few of them is no danger, as its number alone
# A tensor has a dozen strings, with the names of its fields; an element of version 1 three.
_STRINGS, _STRINGS_AN_ELEMENT, _STRINGS_AN_INPUT = 400, 3, 20
_AROUND_BYTES, _AROUND_AN_ELEMENT_BYTES, _AROUND_AN_INPUT_BYTES = 20_000, 100, 300
_SHARED = "shared_memory_region"


def outlined(head: bytes, most_elements: int, data: bytes, most_inputs: int = 1) -> Outline:
    """JSON with its strings and the numbers in ``data`` left where they lie. Raises RequestError
    for what holds more beside them than such requests do.
    """
    refusal = RequestError(
        f"The request holds far more than the {most_elements} elements that one may have."
    )
    most_strings = most_elements * _STRINGS_AN_ELEMENT + most_inputs * _STRINGS_AN_INPUT
    outline = Outline.of(head, _STRINGS + most_strings, refusal, numbers_of=(data,))
    around = most_elements * _AROUND_AN_ELEMENT_BYTES + most_inputs * _AROUND_AN_INPUT_BYTES
    if outline.around_bytes > _AROUND_BYTES + around:
        raise RequestError("The JSON holds much beside its data. Send that alone.")
    return outline


def fields_of(outline: Outline) -> dict[str, object]:
    """Of the whole. Raises RequestError."""
    found = outline.parsed(partial(_named, outline))
    if isinstance(found, dict):
        return found
    raise RequestError("The JSON is no object.")


def _named(outline: Outline, pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Names are read, so that one that is written in two ways does not come twice; a very long one
    is none of ours.
    """
    return once_each([(_name(outline, number), each) for number, each in pairs])


def _name(outline: Outline, number: str) -> str:
    n_bytes = len(outline.literal(number))
    return number if n_bytes > _LONGEST_NAME_BYTES else outline.text(number, "a name", n_bytes)


def text_of(outline: Outline, value: object, name: str, max_chars: int = MAX_NAME) -> str:
    """Raises RequestError."""
    if not isinstance(value, str) or outline.are_numbers(value):
        refuse(f"'{name}' is no string.")
    return outline.text(value, name, max_chars)


def parameters_of(fields: Mapping[str, object]) -> Mapping[str, object]:
    """Raises RequestError, also for what lies in shared memory."""
    parameters = fields.get("parameters")
    if parameters is None:
        return {}
    if not isinstance(parameters, dict):
        refuse("'parameters' are no object.")
    if _SHARED in parameters:
        refuse("Shared memory is not spoken here: send the data itself.")
    return parameters


def flag_of(parameters: Mapping[str, object], name: str) -> bool:
    """Raises RequestError."""
    value = parameters.get(name, False)
    return value if isinstance(value, bool) else refuse(f"'{name}' is neither true nor false.")


def whole_of(value: object, name: str) -> int:
    """However it is written: to JSON 2.0 is a whole number, too. Raises RequestError."""
    if not isinstance(value, float) or not value.is_integer() or not 0 <= value < _MOST:
        refuse(f"'{name}' is no whole number from 0 on, or a far too large one.")
    return int(value)


def refuse(why: str) -> NoReturn:
    """Raises RequestError."""
    raise RequestError(f"{why} {HOW}")

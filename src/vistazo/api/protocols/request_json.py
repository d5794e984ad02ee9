"""The JSON of a protocol's request: what is around its data is read, and is little."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from vistazo.api.json_outline import Outline
from vistazo.api.plain_json import once_each
from vistazo.errors import RequestError

MAX_NAME = 200
_STRINGS, _AROUND_BYTES, _AROUND_AN_ELEMENT_BYTES = 400, 20_000, 100


def outlined(head: bytes, most_elements: int, data: bytes) -> Outline:
    """JSON with its strings and the numbers in ``data`` left where they lie. Raises RequestError
    for what holds more beside them than such requests do.
    """
    refusal = RequestError(
        f"The request holds far more than the {most_elements} elements that one may have."
    )
    outline = Outline.of(head, _STRINGS + most_elements, refusal, numbers_of=(data,))
    if outline.around_bytes > _AROUND_BYTES + most_elements * _AROUND_AN_ELEMENT_BYTES:
        raise RequestError("The JSON holds much beside its data. Send that alone.")
    return outline


def fields_of(outline: Outline) -> dict[str, object]:
    """Of the whole. Raises RequestError."""
    found = outline.parsed(partial(_named, outline))
    if isinstance(found, dict):
        return found
    raise RequestError("The JSON is no object.")


def _named(outline: Outline, pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Names are read, so that one that is written in two ways does not come twice."""
    return once_each([(outline.text(number, "a name", MAX_NAME), each) for number, each in pairs])

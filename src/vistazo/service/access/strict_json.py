"""JSON that can be read in one way only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NoReturn


def strict_object(data: bytes) -> dict[str, object]:
    """Raises ValueError for anything that is not one object, or that two readers may take for two
    things: names that come twice (RFC 8259 section 4), numbers that are none, other encodings.
    """
    try:
        found = json.loads(
            data.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_number
        )
    except RecursionError as error:
        raise ValueError("it lies too deep") from error
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    return found


def _once_each(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _no_number(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no numbers")

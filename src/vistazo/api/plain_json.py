"""JSON that can be read in one way only (RFC 8259)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import NoReturn

from vistazo.errors import RequestError

Fields = Callable[[Sequence[tuple[str, object]]], dict[str, object]]

# A string; also one that never ends: it is taken whole, so that each byte is looked at once.
STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


def once_each(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """The fields of an object. Raises RequestError for a name that comes twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RequestError("A name comes twice in the JSON: send it once.")
    return found


def parsed(body: bytes, fields: Fields = once_each, *, is_whole: bool = True) -> object:
    """Numbers are floats, however they are written. Raises RequestError, which says where, but for
    what is not the whole body: places in it are not those of what was sent.
    """
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=fields,
            parse_constant=_no_number,
            parse_int=float,
        )
    except UnicodeDecodeError as error:
        where = f" (byte {error.start})" if is_whole else ""
        raise RequestError(f"The body is not UTF-8{where}. Send JSON in UTF-8.") from None
    except RecursionError:
        raise RequestError("The JSON lies too deep.") from None
    except json.JSONDecodeError as error:  # its words quote nothing of the body
        where = f", at character {error.pos}" if is_whole else ""
        raise RequestError(f"The body is no JSON: {error.msg}{where}.") from None


def _no_number(_: str) -> NoReturn:
    raise RequestError("NaN and Infinity are no JSON. A missing number is null.")

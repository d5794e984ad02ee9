"""Numbers of JSON as an array, and never as objects.

They are read a piece at a time: each piece is checked to be numbers with commas between them, as
JSON has it, and its brackets are compared with those of the shape.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import RequestError

_PIECE_BYTES = 65_536
_NUMBER = rb"(?:-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?+[0-9]++)?+|null)"
# Brackets end before a comma, and begin behind it.
_RUN = re.compile(
    rb"[ \t\n\r\[]*+"
    + _NUMBER
    + rb"(?:[ \t\n\r\]]*+,[ \t\n\r\[]*+"
    + _NUMBER
    + rb")*+[ \t\n\r\]]*+"
)
_BLANKS = b" \t\n\r"
_ALL_BUT_BRACKETS = _BLANKS + b"-+.0123456789eEnul"
_SMALL = 4_096  # numbers whose brackets are written at once


def numbers_of(literal: memoryview, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The numbers between the outer brackets of a list: flat, or nested as the ``shape``, which
    has no 0. ``null`` is NaN.

    Raises RequestError for others, and for more or fewer than the shape has.
    """
    count = math.prod(shape)
    if 2 * count - 1 > len(literal):
        raise _other_than(shape)
    numbers, filled = np.empty(count), 0
    brackets, begins = hashlib.blake2b(b"["), bytes(literal[:_PIECE_BYTES]).lstrip(_BLANKS)[:1]
    for piece in _pieces(literal):
        found = _read(piece.removesuffix(b","))
        if filled + len(found) > count:
            raise _other_than(shape)
        numbers[filled : filled + len(found)] = found
        filled += len(found)
        brackets.update(piece.translate(None, _ALL_BUT_BRACKETS))
    brackets.update(b"]")
    expected = hashlib.blake2b()
    for written in _brackets(shape if begins == b"[" else (count,)):
        expected.update(written)
    if filled != count or brackets.digest() != expected.digest():
        raise _other_than(shape)
    return numbers


def _pieces(literal: memoryview) -> Iterator[bytes]:
    """Each but the last ends with a comma. Raises RequestError where there is none for long."""
    at = 0
    while len(literal) - at > _PIECE_BYTES:
        ends = bytes(literal[at : at + _PIECE_BYTES]).rfind(b",") + 1
        if not ends:
            raise RequestError("The JSON has a number that is far too long.")
        yield bytes(literal[at : at + ends])
        at += ends
    yield bytes(literal[at:])


def _read(piece: bytes) -> NDArray[np.float64]:
    if _RUN.fullmatch(piece) is None:
        raise RequestError("What should be numbers, with a comma between them, is not: 'data'.")
    plain = piece.translate(None, b"[]" + _BLANKS).replace(b"null", b"nan")
    return np.fromstring(plain.decode("ascii"), dtype=np.float64, sep=",")


def _brackets(shape: tuple[int, ...]) -> Iterator[bytes]:
    """As JSON writes a list of that shape, without its numbers."""
    first, rest = shape[0], shape[1:]
    if math.prod(shape) <= _SMALL:
        yield b"[" + b",".join([b"".join(_brackets(rest)) if rest else b""] * first) + b"]"
        return
    yield b"["
    if not rest:
        yield b"," * (first - 1)
    for at in range(first if rest else 0):
        yield b"," if at else b""
        yield from _brackets(rest)
    yield b"]"


def _other_than(shape: tuple[int, ...]) -> RequestError:
    return RequestError(f"'data' does not hold what its shape says, which is {list(shape)}.")

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

# Little-endian, as they lie in a body, too.
NUMBERS = {
    "FP32": "<f4",
    "FP64": "<f8",
    **{f"INT{bits}": f"<i{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": f"<u{bits // 8}" for bits in (8, 16, 32, 64)},
}
_PIECE_BYTES = 16_384  # others come to their turn between two
_FEW_DIGITS = 3
_PIXELS = "UINT8"
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


def numbers_of(literal: memoryview, shape: tuple[int, ...], datatype: str) -> NDArray[np.generic]:
    """The numbers between the outer brackets of a list: flat, or nested as the ``shape``, which
    has no 0. ``null`` is NaN.

    Raises RequestError for others, for more or fewer than the shape has, and for what the
    ``datatype`` has not.
    """
    count = math.prod(shape)
    if 2 * count - 1 > len(literal):
        raise _other_than(shape)
    numbers, filled = np.empty(count, NUMBERS[datatype]), 0
    brackets, begins = hashlib.blake2b(b"["), bytes(literal[:_PIECE_BYTES]).lstrip(_BLANKS)[:1]
    for piece in _pieces(literal):
        found = _read(piece.removesuffix(b","), datatype)
        if filled + len(found) > count:
            raise _other_than(shape)
        numbers[filled : filled + len(found)] = _cast(found, datatype)
        filled += len(found)
        brackets.update(piece.translate(None, _ALL_BUT_BRACKETS))
    if filled != count:
        raise _other_than(shape)
    brackets.update(b"]")
    expected = hashlib.blake2b()
    for written in _brackets(shape if begins == b"[" else (count,)):
        expected.update(written)
    if brackets.digest() != expected.digest():
        raise _other_than(shape)
    return numbers.reshape(shape)


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


def _read(piece: bytes, datatype: str) -> NDArray[np.generic]:
    if _RUN.fullmatch(piece) is None:
        raise RequestError("What should be numbers, with a comma between them, is not: 'data'.")
    plain = piece.translate(None, b"[]" + _BLANKS)
    small = _small(plain)
    if small is not None:
        return small
    if datatype == _PIXELS:  # of which there may be millions: nobody writes them otherwise
        raise RequestError(f"'data' has a number that is none of 0 to 255, as {_PIXELS} has them.")
    text = plain.replace(b"null", b"nan").decode("ascii")
    return np.fromstring(text, dtype=np.float64, sep=",")


def _small(plain: bytes) -> NDArray[np.int32] | None:
    """Whole numbers of a few digits, as pixels are: a tenth of the time. None where not all are."""
    if plain.translate(None, b"0123456789,"):
        return None
    characters = np.frombuffer(plain + b",", np.uint8)
    ends = np.flatnonzero(characters == ord(","))
    lengths = np.diff(ends, prepend=-1) - 1
    if lengths.max() > _FEW_DIGITS:
        return None
    digits, numbers = characters.astype(np.int32) - ord("0"), np.zeros(len(ends), np.int32)
    for place in range(_FEW_DIGITS):
        numbers += 10**place * np.where(lengths > place, digits[ends - 1 - place], 0)
    return numbers


def _cast(found: NDArray[np.generic], datatype: str) -> NDArray[np.generic]:
    kind = np.dtype(NUMBERS[datatype])
    with np.errstate(all="ignore"):  # what becomes of it is looked at
        cast = found.astype(kind)
    is_sound = ~np.isinf(cast) if kind.kind == "f" else cast == found
    if not is_sound.all():
        raise RequestError(f"'data' has a number that {datatype} has not.")
    return cast


def _brackets(shape: tuple[int, ...]) -> Iterator[bytes]:
    """As JSON writes a list of that shape, without its numbers, many at a time."""
    first, rest = shape[0], shape[1:]
    if math.prod(rest) > _SMALL:
        for at in range(first):
            yield b"," if at else b"["
            yield from _brackets(rest)
        yield b"]"
        return
    inner = b"".join(_brackets(rest)) if rest else b""
    yield b"[" + inner
    at_once = max(1, _SMALL // math.prod(rest))
    for begins in range(1, first, at_once):
        yield (b"," + inner) * min(at_once, first - begins)
    yield b"]"


def _other_than(shape: tuple[int, ...]) -> RequestError:
    return RequestError(f"'data' does not hold what its shape says, which is {list(shape)}.")

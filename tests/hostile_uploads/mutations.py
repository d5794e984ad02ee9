"""Damage, of the kinds that fuzzers do."""

from __future__ import annotations

import random
from collections.abc import Callable

from hostile_uploads.boxed import BOXED, boxed_picture
from hostile_uploads.honest import honest_picture

_MOST_STEPS = 8
_TELLING = (b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff")
_MARKS = bytes((0xC0, 0xC2, 0xC4, 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xE1, 0xFE, 0xFF))


def mutated_picture(chance: random.Random) -> bytes:
    return mutated(honest_picture(chance), chance)


def mutated_boxed_picture(chance: random.Random, image_format: str | None = None) -> bytes:
    """BMP, TIFF, WebP or AVIF. Of most, what says where everything lies stays as it is: else hardly
    one would come to its decoder.
    """
    data = boxed_picture(image_format or chance.choice(BOXED), chance)
    if chance.random() < 0.4:
        return mutated(data, chance)
    head = min(len(data), chance.choice((20, 60, 300, 400, 400)))
    behind = data[head:]
    for _ in range(chance.randint(1, _MOST_STEPS)):
        behind = chance.choice((_flip, _overwrite))(chance, behind)
    return data[:head] + behind[: len(data) - head]


def mutated(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, _MOST_STEPS)):
        data = chance.choice(_STEPS)(chance, data)
    return data


def _place(chance: random.Random, data: bytes) -> int:
    """Anywhere, and half the time in what comes first."""
    return chance.randrange(min(len(data), chance.choice((700, 1 << 30))) + 1)


def _flip(chance: random.Random, data: bytes) -> bytes:
    at = _place(chance, data)
    flipped = bytes(byte ^ 1 << chance.randrange(8) for byte in data[at : at + 1])
    return data[:at] + flipped + data[at + 1 :]


def _overwrite(chance: random.Random, data: bytes) -> bytes:
    at, piece = _place(chance, data), chance.choice(_TELLING)
    return data[:at] + piece + data[at + len(piece) :]


def _truncate(chance: random.Random, data: bytes) -> bytes:
    return data[: _place(chance, data)]


def _remove(chance: random.Random, data: bytes) -> bytes:
    at = _place(chance, data)
    return data[:at] + data[at + chance.choice((1, 2, 4, 30, 300)) :]


def _duplicate(chance: random.Random, data: bytes) -> bytes:
    at, size = _place(chance, data), chance.choice((1, 4, 12, 60, 500))
    return data[:at] + data[at : at + size] * chance.choice((2, 2, 3, 40)) + data[at + size :]


def _insert(chance: random.Random, data: bytes) -> bytes:
    at = _place(chance, data)
    return data[:at] + chance.randbytes(chance.choice((1, 2, 9, 70))) + data[at:]


def _mark(chance: random.Random, data: bytes) -> bytes:
    at = _place(chance, data)
    return data[:at] + bytes((0xFF, chance.choice(_MARKS))) + data[at + 2 :]


def _splice(chance: random.Random, data: bytes) -> bytes:
    other = honest_picture(chance)
    return data[: _place(chance, data)] + other[_place(chance, other) :]


_STEPS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    *(_flip, _flip, _flip, _overwrite, _overwrite, _truncate),
    *(_remove, _duplicate, _insert, _mark, _splice),
)

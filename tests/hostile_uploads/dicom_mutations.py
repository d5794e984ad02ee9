"""Damage to DICOM files: to their elements, to how these lie, and to their compressed pixels."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from dicom_files import CASES, OTHERS
from dicom_files.raw import (
    PIXEL_DATA,
    UNDEFINED,
    RawElement,
    fragments,
    in_fragments,
    item,
    item_end,
    part10,
    taken_apart,
)
from dicom_files.syntaxes import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, SYNTAXES
from hostile_uploads.mutations import mutated

Elements = list[RawElement]

_WORDS = (0, 1, 2, 3, 7, 8, 9, 12, 15, 16, 17, 32, 64, 255, 256, 4096, 32_767, 32_768, 65_535)
_TEXTS = (
    *("", " ", "0", "-0", "1", "-1", "1e308", "-1e308", "1e-308", "nan", "inf", "-inf", "1E400"),
    *("\\", "\\\\\\", "1\\2", "2\\1\\3", "0\\0", "1\\1000000", "9" * 400, "x", "\0", "PA\\LL"),
    *("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422", "HSV"),
    *("YBR_RCT", "YBR_ICT", "SIGMOID", "LINEAR_EXACT", "INVERSE", "ISO 2022 IR 13", "ISO_IR 6"),
    *("L\\F", "H\\A", "Q\\Z", "LRLRLR\\FHFH", "CR", "DX", "SR", "00000000", "20251399", "999Y"),
    *("\xe9\xff".encode("latin-1").decode("latin-1"), "2147483648", "-2147483649", "0x10", "1,5"),
)
_LENGTHS = (0, 1, 2, 3, 7, 8, 255, 65_534, 65_535, 0x7FFF_FFFE, 0xFFFF_FFFE, UNDEFINED)
_VRS = (b"US", b"SS", b"UL", b"OB", b"OW", b"SQ", b"UN", b"DS", b"IS", b"CS", b"PN", b"FD", b"??")
_MORE_SYNTAXES = (
    *("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203"),
    *("1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55", "1.2.840.10008.1.2.4.100"),
    *("1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.8.1", "1.2.840.113619.5.2", "", "1.2.3"),
)
_SAID = (*SYNTAXES.values(), *_MORE_SYNTAXES)
_NATIVE_SYNTAXES = (EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED)
# Where it says how the pixels lie, and how they are shown.
_TELLING_GROUP = 0x0028
_UNREADABLE_HERE = ("implicit", "explicit big", "deflated")


def mutated_dicom(chance: random.Random) -> bytes:
    """Half are damaged element by element, and are then a file again; of others, any byte."""
    name = chance.choice(_seeds())
    syntax, elements = taken_apart(_seed(name))
    step = chance.random()
    if step < 0.2:
        return mutated(_seed(name), chance)
    if step < 0.45:
        return _written(_with_damaged_pixels(chance, elements), syntax, chance)
    for _ in range(chance.choice((1, 1, 2, 3, 5))):
        elements = chance.choice(_STEPS)(chance, elements)
    if step > 0.9:
        elements = _with_damaged_pixels(chance, elements)
    if step > 0.97:
        syntax = chance.choice(_SAID)
    return _written(elements, syntax, chance)


def _seeds() -> list[str]:
    """All are small, and of explicit VR: the others are written of these."""
    made = [name for name in CASES if not name.startswith(_UNREADABLE_HERE)]
    return [
        *made,
        *made,
        *(name for name in OTHERS if "deflated" not in name and name != _IMPLICIT),
    ]


_IMPLICIT = "presentation state"


@cache
def _seed(name: str) -> bytes:
    return (CASES | OTHERS)[name]()


def _written(elements: Elements, said: str, chance: random.Random) -> bytes:
    if said != EXPLICIT:
        return part10(elements, EXPLICIT, said)
    return part10(elements, chance.choice(_NATIVE_SYNTAXES))


def _with_damaged_pixels(chance: random.Random, elements: Elements) -> Elements:
    return [_damaged(chance, each) if each.tag == PIXEL_DATA else each for each in elements]


def _damaged(chance: random.Random, pixels: RawElement) -> RawElement:
    """The stream of a frame, how it lies in fragments, or a few of its bytes."""
    step = chance.random()
    if pixels.length != UNDEFINED:
        return replace(pixels, value=mutated(pixels.value, chance))
    offsets, *pieces = in_fragments(pixels)
    if step < 0.7:
        at = chance.randrange(len(pieces))
        pieces[at] = _half_as_it_was(chance, pieces[at])
    elif step < 0.8:
        whole, size = b"".join(pieces), chance.choice((2, 14, 100, 1 << 20))
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    elif step < 0.85:
        offsets = chance.randbytes(4 * chance.randrange(5))
    elif step < 0.9:
        pieces = chance.choice(([], pieces[1:], pieces * 2, [b""] * 9 + pieces, pieces[::-1]))
    else:
        return replace(pixels, value=mutated(pixels.value, chance))
    return fragments(pieces, offsets)


def _half_as_it_was(chance: random.Random, stream: bytes) -> bytes:
    """Where a stream's header is damaged, hardly anything comes to its decoder."""
    head = chance.choice((0, 30, 100, 300))
    return stream[:head] + mutated(stream[head:], chance)


def _place(chance: random.Random, elements: Elements) -> int:
    """Of an element: mostly of one that pixels depend on."""
    telling = [at for at, each in enumerate(elements) if each.tag >> 16 == _TELLING_GROUP]
    if telling and chance.random() < 0.7:
        return chance.choice(telling)
    return chance.randrange(max(len(elements), 1))


def _changed(
    chance: random.Random, elements: Elements, change: Callable[[RawElement], list[RawElement]]
) -> Elements:
    at = _place(chance, elements)
    return [
        *elements[:at],
        *(new for old in elements[at : at + 1] for new in change(old)),
        *elements[at + 1 :],
    ]


def _other_value(chance: random.Random, elements: Elements) -> Elements:
    def change(old: RawElement) -> list[RawElement]:
        if old.tag == PIXEL_DATA or old.vr in (b"SQ", b"OB", b"OW"):
            return [replace(old, value=mutated(old.value, chance))]
        if old.vr in (b"US", b"SS"):
            count = max(len(old.value) // 2, 1)
            words = [
                chance.choice(_WORDS) for _ in range(chance.choice((count, count, count, 0, 9)))
            ]
            return [replace(old, value=struct.pack(f"<{len(words)}H", *words))]
        coded = chance.choice(_TEXTS).encode("latin-1")
        return [replace(old, value=coded + b" " * (len(coded) % 2))]

    return _changed(chance, elements, change)


def _other_length(chance: random.Random, elements: Elements) -> Elements:
    length = chance.choice(_LENGTHS)
    return _changed(chance, elements, lambda old: [replace(old, length=length)])


def _other_vr(chance: random.Random, elements: Elements) -> Elements:
    vr = chance.choice(_VRS)
    return _changed(chance, elements, lambda old: [replace(old, vr=vr)])


def _left_out(chance: random.Random, elements: Elements) -> Elements:
    return _changed(chance, elements, lambda _: [])


def _twice(chance: random.Random, elements: Elements) -> Elements:
    times = chance.choice((2, 2, 3, 300))
    return _changed(chance, elements, lambda old: [old] * times)


def _other_order(chance: random.Random, elements: Elements) -> Elements:
    return chance.sample(elements, len(elements))


def _nested(chance: random.Random, elements: Elements) -> Elements:
    """An element within sequences within sequences, of known length or not, or never ended."""
    depth, kind = chance.choice((1, 2, 10, 60)), chance.choice(("known", "unknown", "endless"))

    def change(old: RawElement) -> list[RawElement]:
        for _ in range(depth):
            content = old.coded()
            if kind == "known":
                old = RawElement(0x0028_3010, b"SQ", item(content))
            else:
                ends = item_end() + item_end(0xFFFE_E0DD) if kind == "unknown" else b""
                inside = item(content, UNDEFINED) + ends
                old = RawElement(0x0028_3010, b"SQ", inside, UNDEFINED)
        return [old]

    return _changed(chance, elements, change)


def _private(chance: random.Random, elements: Elements) -> Elements:
    size, count = chance.choice((0, 2, 3000)), chance.choice((1, 20, 300))
    made = [RawElement(0x0029_1000 + n, b"UN", chance.randbytes(size)) for n in range(count)]
    return [*elements[:3], *made, *elements[3:]]


def _of_another_file(chance: random.Random, elements: Elements) -> Elements:
    """Its pixels, or what it says of them, beside what this one says."""
    _, others = taken_apart(_seed(chance.choice(_seeds())))
    taken = {
        each.tag: each for each in others if each.tag >> 16 == 0x0028 or each.tag == PIXEL_DATA
    }
    kept = [tag for tag in taken if chance.random() < 0.5]
    mixed = {each.tag: each for each in elements} | {tag: taken[tag] for tag in kept}
    return [mixed[tag] for tag in sorted(mixed)]


def _cut(chance: random.Random, elements: Elements) -> Elements:
    return elements[: chance.randrange(len(elements) + 1)]


_STEPS: tuple[Callable[[random.Random, Elements], Elements], ...] = (
    *(_other_value, _other_value, _other_value, _other_value, _other_value, _other_value),
    *(_other_length, _other_vr, _left_out, _twice, _other_order, _nested, _private),
    *(_of_another_file, _of_another_file, _cut),
)

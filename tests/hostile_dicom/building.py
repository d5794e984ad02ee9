"""A small X-ray, to put something else into."""

from __future__ import annotations

from collections.abc import Iterable

from dicom_files.pictures import shades
from dicom_files.raw import PIXEL_DATA, RawElement, fragments, numbers, part10, text
from dicom_files.syntaxes import EXPLICIT

ROWS, COLUMNS, FRAMES = 0x0028_0010, 0x0028_0011, 0x0028_0008
_HEIGHT, _WIDTH = 48, 64


def header(bits: int = 8, rows: int = _HEIGHT, columns: int = _WIDTH) -> dict[int, RawElement]:
    """The least that says how grey pixels lie, by tag."""
    allocated = 8 if bits <= 8 else 16
    elements = (
        text(0x0008_0016, b"UI", b"1.2.840.10008.5.1.4.1.1.1\0"),
        text(0x0008_0018, b"UI", b"1.2.3.4\0"),
        text(0x0008_0060, b"CS", "CR"),
        numbers(0x0028_0002, 1),
        text(0x0028_0004, b"CS", "MONOCHROME2"),
        numbers(ROWS, rows),
        numbers(COLUMNS, columns),
        numbers(0x0028_0100, allocated),
        numbers(0x0028_0101, bits),
        numbers(0x0028_0102, bits - 1),
        numbers(0x0028_0103, 0),
    )
    return {each.tag: each for each in elements}


def native_pixels(bits: int = 8) -> RawElement:
    return RawElement(PIXEL_DATA, b"OB" if bits <= 8 else b"OW", shades(bits=bits).tobytes())


def xray(
    *changes: RawElement,
    pixels: RawElement | None = None,
    bits: int = 8,
    without: Iterable[int] = (),
    syntax: str = EXPLICIT,
    said: str | None = None,
) -> bytes:
    """A small X-ray, with these elements in place of its own, or besides."""
    elements = header(bits) | {each.tag: each for each in changes}
    last = pixels or native_pixels(bits)
    kept = [elements[tag] for tag in sorted(elements) if tag not in without]
    return part10([*(each for each in kept if each.tag < PIXEL_DATA), last], syntax, said)


def compressed(stream: bytes, said: str, *changes: RawElement) -> bytes:
    return xray(*changes, pixels=fragments([stream]), said=said)

"""Sizes that are said, and are not there."""

from __future__ import annotations

from collections.abc import Callable

from dicom_files import syntaxes
from dicom_files.raw import RawElement, fragments, numbers, text
from dicom_files.syntaxes import IMPLICIT
from hostile_dicom.building import COLUMNS, FRAMES, ROWS, xray


def _shut(bits: int, rows: int, columns: int, said: str | None = None) -> bytes:
    """So many pixels are said, and hardly any are there."""
    return xray(
        numbers(ROWS, rows),
        numbers(COLUMNS, columns),
        numbers(0x0028_0100, bits),
        numbers(0x0028_0101, bits),
        numbers(0x0028_0102, bits - 1),
        said=said,
    )


ATTACKS: dict[str, Callable[[int], bytes]] = {
    "a number of frames of many digits": lambda n: xray(
        RawElement(FRAMES, b"IS", b"9" * (n & ~1)), syntax=IMPLICIT
    ),
    "60,000 frames": lambda n: xray(
        text(FRAMES, b"IS", "60000"), pixels=fragments([b"\0\0"] * (n // 10)), said=syntaxes.RLE
    ),
    "frames of nothing": lambda _: xray(text(FRAMES, b"IS", "2147483647")),
    "65,535 x 65,535": lambda _: _shut(8, 65_535, 65_535),
    "65,535 x 65,535 of one bit": lambda _: _shut(1, 65_535, 65_535),
    "65,535 x 65,535 of 32 bits": lambda _: _shut(32, 65_535, 65_535),
    "4,900 x 4,900 of 64 bits": lambda _: _shut(64, 4_900, 4_900),
    "pixels a million times as wide": lambda _: xray(text(0x0028_0034, b"IS", "1\\1000000")),
    "pixels a million times as high": lambda _: xray(text(0x0028_0034, b"IS", "1000000\\1")),
    "spacing of next to nothing": lambda _: xray(text(0x0028_0030, b"DS", "1e-300\\1e300")),
}

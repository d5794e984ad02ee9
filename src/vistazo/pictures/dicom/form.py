"""How the pixels of a DICOM file are stored (PS3.3 C.7.6.3, Image Pixel Module)."""

from __future__ import annotations

from dataclasses import dataclass

from vistazo.errors import UnsupportedFormatError
from vistazo.pictures.dicom.damage import refuse
from vistazo.pictures.dicom.elements import Elements

_SAMPLES, _PHOTOMETRIC, _PLANAR = 0x0028_0002, 0x0028_0004, 0x0028_0006
_ROWS, _COLUMNS, _SIGNED = 0x0028_0010, 0x0028_0011, 0x0028_0103
_ALLOCATED, _STORED, _HIGH_BIT = 0x0028_0100, 0x0028_0101, 0x0028_0102

MONOCHROME = ("MONOCHROME1", "MONOCHROME2")
PALETTE = "PALETTE COLOR"
_ONE_SAMPLE = (*MONOCHROME, PALETTE)
SUBSAMPLED = "YBR_FULL_422"
_COLOURS = ("RGB", "YBR_FULL", SUBSAMPLED, "YBR_ICT", "YBR_RCT")
_CONTAINER_BITS = (1, 8, 16, 32)


@dataclass(frozen=True)
class PixelForm:
    """``bits_allocated`` is 1, 8, 16 or 32; ``high_bit`` is the place of the highest of those
    stored. ``is_planar``: all of the red comes first, then all of the green.
    """

    rows: int
    columns: int
    samples: int
    photometric: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    is_planar: bool


def form_of(elements: Elements) -> PixelForm:
    """Raises CorruptImageError, and UnsupportedFormatError for pixels that no X-ray has."""
    photometric = elements.text(_PHOTOMETRIC).upper()
    samples = elements.integer(_SAMPLES, 1 if photometric in _ONE_SAMPLE else 3)
    allocated = elements.integer(_ALLOCATED) or 0
    stored = elements.integer(_STORED) or allocated
    high_bit = elements.integer(_HIGH_BIT, stored - 1)
    rows, columns = elements.integer(_ROWS), elements.integer(_COLUMNS)
    if not rows or not columns or high_bit is None or samples is None:
        refuse("it does not say how many rows and columns its picture has")
    form = PixelForm(
        rows, columns, samples, photometric, allocated, stored, high_bit,
        is_signed=elements.integer(_SIGNED) == 1,
        is_planar=elements.integer(_PLANAR) == 1 and samples > 1,
    )  # fmt: skip
    _check(form)
    return form


def _check(form: PixelForm) -> None:
    if form.photometric not in (*_ONE_SAMPLE, *_COLOURS):
        raise UnsupportedFormatError(
            "The pixels of this DICOM file are of a kind that is not read; send it as MONOCHROME1, "
            "MONOCHROME2, PALETTE COLOR, RGB or YBR_FULL."
        )
    if form.bits_allocated not in _CONTAINER_BITS:
        raise UnsupportedFormatError(
            f"The pixels of this DICOM file have {form.bits_allocated} bits each; send it with 8, "
            "16 or 32 bits allocated."
        )
    if form.samples != (1 if form.photometric in _ONE_SAMPLE else 3):
        refuse("its photometric interpretation is not that of its samples per pixel")
    if form.samples > 1 and form.bits_allocated == 1:
        refuse("its colours are of one bit")
    if not form.bits_stored - 1 <= form.high_bit < form.bits_allocated:
        refuse("its stored bits do not fit in those that are allocated")

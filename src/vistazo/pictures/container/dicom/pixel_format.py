"""What the header says of the pixels (PS3.3, C.7.6.3), before anybody believes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from vistazo.errors import BrokenRule, RejectedUploadError
from vistazo.pictures.container.dicom import wanted
from vistazo.pictures.container.dicom.elements import DataSet, damaged, number_in
from vistazo.pictures.container.dicom.source import text_in

_BITS_ALLOCATED = (1, 8, 16, 32)
_MOST_FRAMES = 2**31
_HALF_COLOURS = "YBR_FULL_422"


@dataclass(frozen=True)
class PixelFormat:
    """``frame``, from 1, is the one of ``frames`` to take."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    frame: int
    frames: int
    has_half_colours: bool = False

    @property
    def pixels(self) -> int:
        return self.rows * self.columns

    @property
    def frame_bits(self) -> int:
        """Of one that is not compressed."""
        samples = 2 if self.has_half_colours else self.samples
        return self.pixels * samples * self.bits_allocated


def pixel_format_of(data_set: DataSet, order: str, chosen: int | None = None) -> PixelFormat:
    """Of the ``chosen`` frame, by default the representative one; of the first where there is none
    such.

    Raises CorruptImageError, and RejectedUploadError by the rule ``pixel_format`` for what no
    radiograph has.
    """
    numbers = {
        tag: number_in(data_set.values[tag], order) if tag in data_set.values else None
        for tag in _NUMBERS
    }
    rows, columns = numbers[wanted.ROWS], numbers[wanted.COLUMNS]
    if not rows or not columns:
        damaged("it does not say how many rows and columns its picture has")
    samples = numbers[wanted.SAMPLES]
    samples = 1 if samples is None else samples
    allocated = numbers[wanted.BITS_ALLOCATED]
    if samples not in (1, 3) or allocated not in _BITS_ALLOCATED:
        _refuse(samples, allocated)
    stored = numbers[wanted.BITS_STORED] or allocated
    high_bit = numbers[wanted.HIGH_BIT]
    if not stored - 1 <= (stored - 1 if high_bit is None else high_bit) < allocated:
        damaged("its pixels have more bits than there is room for")
    frames = _frames(data_set)
    said = (numbers[wanted.REPRESENTATIVE_FRAME] or 1) if chosen is None else chosen
    frame = said if 1 <= said <= frames else 1
    half = text_of(data_set, wanted.PHOTOMETRIC) == _HALF_COLOURS and samples == 3
    return PixelFormat(rows, columns, samples, allocated, stored, frame, frames, half)


_NUMBERS = (
    wanted.ROWS,
    wanted.COLUMNS,
    wanted.SAMPLES,
    wanted.BITS_ALLOCATED,
    wanted.BITS_STORED,
    wanted.HIGH_BIT,
    wanted.REPRESENTATIVE_FRAME,
)


def text_of(data_set: DataSet, tag: int) -> str:
    """Empty where it is not there."""
    return text_in(data_set.values[tag].content) if tag in data_set.values else ""


def _frames(data_set: DataSet) -> int:
    said = text_of(data_set, wanted.FRAMES)
    number = int(said) if said.isascii() and said.isdigit() and len(said) <= 12 else 1
    return number if 1 <= number < _MOST_FRAMES else 1


def _refuse(samples: int, allocated: int | None) -> NoReturn:
    detail = (
        f"The pixels of the DICOM file have {samples} samples of {allocated or 'unknown'} bits, as "
        "no X-ray has. Send it with 1 or 3 samples of 8 or 16 bits."
    )
    raise RejectedUploadError([BrokenRule("pixel_format", detail)])

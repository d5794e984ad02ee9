"""From stored values to grey levels: PS3.3 C.11.1 and C.11.2, PS3.4 N.2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.pictures.dicom.codecs import Samples, Words
from vistazo.pictures.dicom.elements import Elements
from vistazo.pictures.dicom.form import PixelForm
from vistazo.pictures.dicom.lookup import table_of
from vistazo.pictures.dicom.window import Values, Visible, between, window_of
from vistazo.pictures.picture import STRIP_PIXELS, Pixels

_MODALITY_LUT, _INTERCEPT, _SLOPE = 0x0028_3000, 0x0028_1052, 0x0028_1053
_TRANSFORMATION = 0x0028_9145  # of a frame
# X-Ray Angiographic and X-Ray Radiofluoroscopic Image Storage.
_SOP_CLASS = 0x0008_0016
_OF_BEAMS = ("1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2")
_PADDING, _PADDING_LIMIT = 0x0028_0120, 0x0028_0121
_SHAPE = 0x2050_0020
_WORDS_IN_A_TABLE = 16  # bits
_WHITE = 255.0
_EIGHT_BITS = 8
_WHOLE, _MIN_MAX = "whole", "min_max"


@dataclass(frozen=True)
class StoredValues:
    """Words without what else is in them: overlays of old lie in the bits that are not used."""

    shift: int
    bits: int
    is_signed: bool

    @staticmethod
    def of(samples: Samples, form: PixelForm) -> StoredValues:
        bits = min(form.bits_stored, samples.words.itemsize * 8)
        is_signed = form.is_signed and bits == form.bits_stored
        return StoredValues(max(0, samples.high_bit + 1 - bits), bits, is_signed)

    def __call__(self, words: NDArray[np.integer]) -> NDArray[np.int64]:
        values = (words.astype(np.int64) >> self.shift) & ((1 << self.bits) - 1)
        if self.is_signed:
            sign = 1 << (self.bits - 1)
            values = (values ^ sign) - sign
        return values

    @property
    def whole(self) -> tuple[int, int]:
        return _stored_range(self.bits, self.is_signed)


def _stored_range(bits: int, is_signed: bool) -> tuple[int, int]:
    least = -(1 << (bits - 1)) if is_signed else 0
    return least, least + (1 << bits) - 1


@dataclass(frozen=True)
class Padding:
    """Stored values that are no part of the picture (C.7.5.1.1.2), the last one included."""

    first: int
    last: int

    def has(self, values: NDArray[np.int64]) -> NDArray[np.bool_]:
        return (values >= self.first) & (values <= self.last)


@dataclass(frozen=True, eq=False)
class Rendering:
    """How the header wants its pixels to be seen. ``visible`` is None where it does not say; then
    a picture of 8 bits is one to be seen as it is, and of others all there is in them.
    """

    modality: Callable[[Values], Values]
    visible: Visible | None
    padding: Padding | None
    is_inverse: bool
    is_coarse: bool  # no more than 8 bits are stored

    @staticmethod
    def of(form: PixelForm, elements: list[Elements]) -> Rendering:
        """``elements``: of the frame, of all frames, of the file."""
        modality = _modality_of(elements, is_signed=form.is_signed)
        ends = modality(np.array(_stored_range(form.bits_stored, form.is_signed), np.float64))
        return Rendering(
            modality,
            window_of(elements, is_signed=bool((ends < 0).any())),
            _padding_of(elements[-1], is_signed=form.is_signed),
            _is_inverse(form, elements[-1]),
            form.bits_stored <= _EIGHT_BITS,
        )

    @property
    def window(self) -> str:
        if self.visible is not None:
            return self.visible.name
        return _WHOLE if self.is_coarse else _MIN_MAX


class GreyLevels:
    """How the words of one frame become 0..255: uint8 where no more than 8 bits are stored, else
    float32. What is padding is black.
    """

    def __init__(self, samples: Samples, form: PixelForm, rendering: Rendering) -> None:
        self._stored = StoredValues.of(samples, form)
        self._rendering = rendering
        self._visible = rendering.visible or self._unsaid(samples.words)
        self._table: Pixels | None = None
        bits = samples.words.itemsize * 8
        if bits <= _WORDS_IN_A_TABLE:
            self._table = self._levels(np.arange(1 << bits, dtype=np.int64))

    def of(self, words: Words) -> Pixels:
        return self._levels(words) if self._table is None else self._table[words]

    def _levels(self, words: NDArray[np.integer]) -> Pixels:
        how, stored = self._rendering, self._stored(words)
        levels = self._visible.of(how.modality(stored.astype(np.float64))) * _WHITE
        if how.is_inverse:
            levels = _WHITE - levels
        if how.padding is not None:
            levels[how.padding.has(stored)] = 0
        return np.rint(levels).astype(np.uint8) if how.is_coarse else levels.astype(np.float32)

    def _unsaid(self, words: Words) -> Visible:
        how = self._rendering
        if how.is_coarse:
            ends = how.modality(np.array(self._stored.whole, np.float64))
            return between(float(ends.min()), float(ends.max()), _WHOLE)
        least, most = np.inf, -np.inf
        for strip in _strips(words):
            stored = self._stored(strip)
            if how.padding is not None:
                stored = stored[~how.padding.has(stored)]
            if stored.size:
                values = how.modality(np.array([stored.min(), stored.max()], np.float64))
                least, most = min(least, values.min()), max(most, values.max())
        if most < least:  # all of it is padding
            least, most = 0.0, 1.0
        return between(float(least), float(most), _MIN_MAX)


def _strips(words: Words) -> Iterator[Words]:
    rows = max(1, STRIP_PIXELS // words.shape[1])
    for top in range(0, len(words), rows):
        yield words[top : top + rows]


def _padding_of(elements: Elements, *, is_signed: bool) -> Padding | None:
    ends = [
        int(words[0])
        for tag in (_PADDING, _PADDING_LIMIT)
        if len(words := elements.words(tag, signed=is_signed))
    ]
    return Padding(min(ends), max(ends)) if ends else None


def _modality_of(elements: list[Elements], *, is_signed: bool) -> Callable[[Values], Values]:
    """A table, or a line; of the frame before that of the file.

    That of angiography and fluoroscopy leads back to the intensity of the beam, and not to what is
    looked at (PS3.3 C.8.7.1.1.2): windows are of the stored values there.
    """
    if elements[-1].text(_SOP_CLASS) in _OF_BEAMS:
        return _Line(1.0, 0.0)
    frames = [each.item(_TRANSFORMATION) for each in elements]
    for each in (*(frame for frame in frames if frame), *elements):
        table = table_of(each.item(_MODALITY_LUT), is_signed=is_signed)
        if table is not None:
            return table
        slopes, intercepts = each.decimals(_SLOPE), each.decimals(_INTERCEPT)
        if slopes and slopes[0] and not np.isnan(slopes[0]):
            has_intercept = bool(intercepts) and not np.isnan(intercepts[0])
            return _Line(slopes[0], intercepts[0] if has_intercept else 0.0)
    return _Line(1.0, 0.0)


@dataclass(frozen=True)
class _Line:
    slope: float
    intercept: float

    def __call__(self, values: Values) -> Values:
        return values * self.slope + self.intercept


def _is_inverse(form: PixelForm, elements: Elements) -> bool:
    """Presentation LUT Shape says it, where it is there; else the photometric interpretation."""
    shape = elements.text(_SHAPE).upper()
    if shape in ("IDENTITY", "INVERSE"):
        return shape == "INVERSE"
    return form.photometric == "MONOCHROME1"

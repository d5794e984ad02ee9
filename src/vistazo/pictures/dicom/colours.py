"""From stored values to RGB: palettes (PS3.3 C.7.9) and YCbCr (C.7.6.3.1.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vistazo.pictures.dicom.codecs import Samples, Words
from vistazo.pictures.dicom.damage import refuse
from vistazo.pictures.dicom.elements import Elements
from vistazo.pictures.dicom.form import PALETTE, PixelForm
from vistazo.pictures.dicom.grey_levels import StoredValues
from vistazo.pictures.dicom.lookup import entries_of

_DESCRIPTORS = (0x0028_1101, 0x0028_1102, 0x0028_1103)
_TABLES = (0x0028_1201, 0x0028_1202, 0x0028_1203)
_SEGMENTED = (0x0028_1221, 0x0028_1222, 0x0028_1223)
_MOST_ENTRIES = 65_536
_MOST_SEGMENTS = 65_536
_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2
# Rows of R, G, B, of Y, Cb, Cr.
_FROM_YBR = np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]], np.float32)


class Colours:
    """How the words of one frame become uint8 RGB."""

    def __init__(self, samples: Samples, form: PixelForm, elements: Elements) -> None:
        self._stored = StoredValues.of(samples, form)
        self._is_ybr = samples.photometric.startswith("YBR")
        self._palette = None
        if form.photometric == PALETTE:
            self._palette = _Palette(elements, is_signed=form.is_signed)

    def of(self, words: Words) -> NDArray[np.uint8]:
        if self._palette is not None:
            return self._palette.of(self._stored(words))
        if self._stored.bits == 8 and not self._stored.shift:
            levels: NDArray[np.uint8] = words.astype(np.uint8)
        else:
            most = (1 << self._stored.bits) - 1
            unsigned = StoredValues(self._stored.shift, self._stored.bits, is_signed=False)
            levels = np.rint(unsigned(words) * (255 / most)).astype(np.uint8)
        return _rgb(levels) if self._is_ybr else levels


def _rgb(ybr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    around_0 = ybr.astype(np.float32) - np.array([0, 128, 128], np.float32)
    return np.asarray(np.rint(around_0 @ _FROM_YBR.T).clip(0, 255), np.uint8)


class _Palette:
    def __init__(self, elements: Elements, *, is_signed: bool) -> None:
        descriptor = elements.words(_DESCRIPTORS[0])
        if len(descriptor) < 3:
            refuse("it has no palette")
        self._first = int(elements.words(_DESCRIPTORS[0], signed=is_signed)[1])
        count = int(descriptor[0]) or _MOST_ENTRIES
        channels = [_channel(elements, number, count) for number in range(3)]
        if not all(len(channel) for channel in channels):
            refuse("it has no palette")
        length = min(len(channel) for channel in channels)
        table = np.stack([channel[:length] for channel in channels], axis=1)
        # Some say 16 bits of entries that have 8.
        is_deep = int(descriptor[2]) > 8 and table.max() > 255
        self._table = np.rint(table / 257 if is_deep else table).clip(0, 255).astype(np.uint8)

    def of(self, values: NDArray[np.int64]) -> NDArray[np.uint8]:
        return np.asarray(self._table[(values - self._first).clip(0, len(self._table) - 1)])


def _channel(elements: Elements, number: int, count: int) -> NDArray[np.float64]:
    if elements.data(_TABLES[number]):
        return entries_of(elements, _TABLES[number], count)
    segments = elements.words(_SEGMENTED[number])
    return np.array(_unfolded(segments.tolist(), count), np.float64)


def _unfolded(codes: list[int], count: int) -> list[int]:
    """Segmented tables (C.7.9.2): values, lines to a value, and segments that come again."""
    values: list[int] = []
    starts: list[int] = []
    at = 0
    while at + 1 < len(codes) and len(values) < count:
        starts.append(at)
        at = _segment(codes, at, values, count)
    return values[:count]


def _segment(codes: list[int], at: int, values: list[int], count: int) -> int:
    kind, length = codes[at], codes[at + 1]
    if kind == _DISCRETE:
        values += codes[at + 2 : at + 2 + length]
        return at + 2 + length
    if kind == _LINEAR and values and at + 2 < len(codes):
        line = np.linspace(values[-1], codes[at + 2], min(length, count) + 1)[1:]
        values += np.rint(line).astype(int).tolist()
        return at + 3
    if kind == _INDIRECT and at + 3 < len(codes):
        back = codes[at + 2] | codes[at + 3] << 16
        for _ in range(length):
            if back >= at or codes[back] == _INDIRECT or len(values) >= count:
                break
            back = _segment(codes, back, values, count)
        return at + 4
    return refuse("its palette is in pieces that are none")

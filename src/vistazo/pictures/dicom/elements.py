"""The elements of a data set, as the few kinds of values that reading pixels takes.

Values are read as the bytes that came: pydicom's own conversions warn, and quote what they read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

_MOST_VALUES = 16  # of an element of text: what is read here has one or a few
_MOST_TEXT_BYTES = 65 * _MOST_VALUES


@dataclass(frozen=True)
class Elements:
    """One data set or item of a sequence. What is missing or no number is left out."""

    _dataset: Dataset

    def data(self, tag: int) -> bytes:
        """The value as it came. Empty where there is none."""
        found = self._dataset.get_item(tag)
        return found.value or b"" if isinstance(found, RawDataElement) else b""

    def words(self, tag: int, *, signed: bool = False) -> NDArray[np.int64]:
        """16-bit integers (US, SS, OW)."""
        data, kind = self.data(tag), "i2" if signed else "u2"
        order = "<" if self._is_little_endian(tag) else ">"
        return np.frombuffer(data[: len(data) & ~1], order + kind).astype(np.int64)

    def integer(self, tag: int, default: int | None = None) -> int | None:
        """The first of ``words``."""
        words = self.words(tag)
        return int(words[0]) if len(words) else default

    def texts(self, tag: int) -> list[str]:
        """Of CS, UI and the like, without padding; ASCII, as all of these are."""
        values = self.data(tag)[:_MOST_TEXT_BYTES].decode("ascii", "replace").split("\\")
        return [value.strip(" \0") for value in values[:_MOST_VALUES]]

    def text(self, tag: int) -> str:
        return self.texts(tag)[0]

    def decimals(self, tag: int) -> list[float]:
        """Of DS and IS; NaN where one is no finite number."""
        return [_decimal(text) for text in self.texts(tag) if text]

    def item(self, tag: int, index: int = 0) -> Elements | None:
        """An item of a sequence."""
        if tag not in self._dataset:
            return None
        items = self._dataset[tag].value
        if self._dataset[tag].VR != "SQ" or not 0 <= index < len(items):
            return None
        return Elements(items[index])

    def _is_little_endian(self, tag: int) -> bool:
        found = self._dataset.get_item(tag)
        return found.is_little_endian if isinstance(found, RawDataElement) else True


def _decimal(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan

"""The elements of a data set, as the few kinds of values that reading a radiograph takes.

They are those of our own walk over the file: pydicom would cost 37 MB and 0.12 s to import, as it
loads every decoder that there is, and would be one parser more that a strange header gets to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.pictures.container.dicom.elements import DataSet

_MOST_VALUES = 16  # of an element of text: what is read here has one or a few
_MOST_TEXT_BYTES = 65 * _MOST_VALUES


@dataclass(frozen=True)
class Elements:
    """One data set or item of a sequence; ``order`` of its bytes is "<" or ">"."""

    data_set: DataSet
    order: str = "<"

    def data(self, tag: int) -> memoryview:
        """The value as it came. Empty where there is none."""
        found = self.data_set.values.get(tag)
        return memoryview(b"") if found is None else found.content

    def words(self, tag: int, *, signed: bool = False) -> NDArray[np.int64]:
        """16-bit integers (US, SS, OW)."""
        data = self.data(tag)
        kind = self.order + ("i2" if signed else "u2")
        return np.frombuffer(data[: len(data) & ~1], kind).astype(np.int64)

    def integer(self, tag: int, default: int | None = None) -> int | None:
        """The first of ``words``."""
        words = self.words(tag)
        return int(words[0]) if len(words) else default

    def texts(self, tag: int) -> list[str]:
        """Of CS, UI and the like, without padding; ASCII, as all of these are."""
        values = bytes(self.data(tag)[:_MOST_TEXT_BYTES]).decode("ascii", "replace").split("\\")
        return [value.strip(" \0") for value in values[:_MOST_VALUES]]

    def text(self, tag: int) -> str:
        return self.texts(tag)[0]

    def decimals(self, tag: int) -> list[float]:
        """Of DS and IS; NaN where one is no finite number."""
        return [_decimal(text) for text in self.texts(tag) if text]

    def item(self, tag: int) -> Elements | None:
        """The first of a sequence."""
        items = self.data_set.sequences.get(tag)
        return Elements(items[0], self.order) if items else None


def _decimal(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan

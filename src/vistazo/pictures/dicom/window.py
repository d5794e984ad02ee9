"""Which part of an X-ray's values becomes visible: VOI LUT Module, PS3.3 C.11.2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.pictures.dicom.elements import Elements
from vistazo.pictures.dicom.lookup import LookupTable, table_of

_CENTRES, _WIDTHS, _FUNCTION = 0x0028_1050, 0x0028_1051, 0x0028_1056
_VOI_LUT = 0x0028_3010
_FRAME_VOI = 0x0028_9132

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Visible:
    """``name`` says how: linear, linear_exact, sigmoid, lut, min_max or whole. ``of`` turns values
    into 0..1.
    """

    name: str
    of: Callable[[Values], Values]


@dataclass(frozen=True)
class Window:
    """C.11.2.1.2 and C.11.2.1.3."""

    centre: float
    width: float
    function: str = "LINEAR"

    @property
    def is_valid(self) -> bool:
        least = 1 if self.function == "LINEAR" else 0
        is_wide = self.width >= least if least else self.width > 0
        return is_wide and not np.isnan(self.centre)

    def __call__(self, values: Values) -> Values:
        if self.function == "SIGMOID":
            falling = (-4 * (values - self.centre) / self.width).clip(-500, 500)
            return np.asarray(1 / (1 + np.exp(falling)))
        centre, width = self.centre, self.width
        if self.function == "LINEAR":
            centre, width = centre - 0.5, width - 1
        if width == 0:
            return np.asarray(values > centre, np.float64)
        return np.asarray(((values - centre) / width + 0.5).clip(0, 1))


def window_of(elements: list[Elements], *, is_signed: bool) -> Visible | None:
    """The first valid window, else the first VOI LUT; of the frame before that of the file.

    None where there is neither. ``is_signed``: whether the values may be negative.
    """
    frames = [each.item(_FRAME_VOI) for each in elements]
    for each in (*(frame for frame in frames if frame), *elements):
        window = _first_valid(each)
        if window is not None:
            return Visible(window.function.lower(), window)
        table = table_of(each.item(_VOI_LUT), is_signed=is_signed)
        if table is not None:
            return Visible("lut", _Scaled(table))
    return None


def _first_valid(elements: Elements) -> Window | None:
    function = elements.text(_FUNCTION).upper() or "LINEAR"
    if function not in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        function = "LINEAR"
    both = zip(elements.decimals(_CENTRES), elements.decimals(_WIDTHS), strict=False)
    windows = (Window(centre, width, function) for centre, width in both)
    return next((window for window in windows if window.is_valid), None)


@dataclass(frozen=True, eq=False)
class _Scaled:
    table: LookupTable

    def __call__(self, values: Values) -> Values:
        return self.table(values) / (2.0**self.table.bits - 1)


def between(least: float, most: float, name: str) -> Visible:
    """From the least, which is black, to the most. A picture of one value is black."""
    span = (most - least) or 1.0
    return Visible(name, lambda values: np.asarray(((values - least) / span).clip(0, 1)))

"""A decoded picture, the same whatever format it came in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels on the scale 0..255, upright.

    ``pixels`` is (height, width) for grey or (height, width, 3) for RGB: uint8, or float32 where
    the source has more than 8 bits, so that no grey level is lost.
    """

    pixels: NDArray[np.uint8] | NDArray[np.float32]

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def is_grey(self) -> bool:
        return self.pixels.ndim == 2

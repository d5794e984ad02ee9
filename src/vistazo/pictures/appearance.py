"""What can be said of a picture without knowing what it shows: that another camera took it, say.

Of the picture as it was resized for the model, before its grey levels are spread or scaled: what
the model cannot see, such as a blur finer than its input, does not count.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Appearance:
    """``brightness`` is the mean of the luma and ``contrast`` its standard deviation, in parts of
    white: 0..1 and 0..0.5. ``sharpness`` is how much of the contrast lies between neighbouring
    pixels, 0..1. The sides are those of the file, upright.
    """

    brightness: float
    contrast: float
    sharpness: float
    width_px: int
    height_px: int

"""What can be said of a picture without knowing what it shows: that another camera took it, say.

Of the picture as it was resized for the model, before its grey levels are spread or scaled: what
the model cannot see, such as a blur finer than its input, does not count.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# About so many rows, each with the two below it, say nearly what all do, and never take long.
_ROWS = 24
_WHITE = 255.0
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Appearance:
    """``brightness`` is the mean of the luma and ``contrast`` its standard deviation, in parts of
    white: 0..1 and 0..0.5. ``sharpness``, 0..1, is 0 where grey levels rise evenly, or not at all,
    0.5 where all there is are edges, and 1 where no pixel says anything about the next. The sides
    are those of the file, upright.
    """

    brightness: float
    contrast: float
    sharpness: float
    width_px: int
    height_px: int


def appearance_of(pixels: Floats, width_px: int, height_px: int) -> Appearance:
    """Of grey levels (h, w) or RGB (h, w, 3), 0..255, of a file of so many pixels, upright."""
    last = max(1, len(pixels) - 2)
    step = max(1, last // _ROWS)
    rows, next_rows, third_rows = (_luma(pixels[n : last + n : step]) for n in range(3))
    mean = float(rows.mean())
    return Appearance(
        min(max(mean / _WHITE, 0.0), 1.0),
        min(_deviation(rows, mean) / _WHITE, 0.5),
        _sharpness(
            (rows[:, 1:] - rows[:, :-1], rows - next_rows),
            (rows[:, 2:] - rows[:, :-2], rows - third_rows),
        ),
        width_px,
        height_px,
    )


def _luma(pixels: Floats) -> Floats:
    """ITU-R BT.601, as everywhere."""
    return pixels if pixels.ndim == 2 else np.asarray(pixels @ _LUMA)


def _deviation(rows: Floats, mean: float) -> float:
    return math.sqrt(_squares(rows - np.float32(mean)) / rows.size)


def _sharpness(one_apart: tuple[Floats, Floats], two_apart: tuple[Floats, Floats]) -> float:
    """``1 - log2(far / near) / 2``, of the mean squared differences of pixels two and one apart.

    That is the fractal dimension by the variogram, less one (Gneiting, Sevcikova and Percival 2012,
    Estimators of Fractal Dimension, Statistical Science 27). Light that is stronger or weaker
    changes both means alike. Of nine measures that were tried on X-rays, leaves, castings and drawn
    forms, blurred and exposed otherwise, it told blur on all of them.
    """
    near, far = _mean_square(one_apart), _mean_square(two_apart)
    if not near:
        return 0.0
    return min(max(1 - math.log2(far / near) / 2, 0.0), 1.0) if far else 1.0


def _mean_square(differences: tuple[Floats, Floats]) -> float:
    """0 where there are none."""
    total = sum(_squares(some) for some in differences)
    return total / max(1, sum(some.size for some in differences))


def _squares(rows: Floats) -> float:
    return float(np.einsum("ij,ij->", rows, rows))

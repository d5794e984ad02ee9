"""Pictures in which a wrong turn, a swapped byte, a wrapped value or an inverted scale shows."""

from __future__ import annotations

import numpy as np


def shades(width: int = 64, height: int = 48, bits: int = 8, *, signed: bool = False) -> np.ndarray:
    """All of the scale, from dark at the top left to bright at the bottom right, and three patches.

    The patches are darkest, brightest and of the middle; they lie in no symmetry.
    """
    y, x = np.mgrid[0:height, 0:width]
    most = (1 << bits) - 1
    values = (x / max(width - 1, 1) * 0.7 + y / max(height - 1, 1) * 0.3) * most
    for top, left, value in ((0.1, 0.1, 1.0), (0.2, 0.6, 0.0), (0.7, 0.2, 0.5)):
        rows = slice(int(top * height), int(top * height) + max(height // 6, 1))
        columns = slice(int(left * width), int(left * width) + max(width // 5, 1))
        values[rows, columns] = value * most
    whole = np.rint(values).astype(np.int64)
    if signed:
        return (whole - (1 << (bits - 1))).astype(np.int8 if bits <= 8 else np.int16)
    return whole.astype(np.uint8 if bits <= 8 else np.uint16)


def colours(width: int = 64, height: int = 48) -> np.ndarray:
    """RGB: each channel goes another way, so that none can be taken for another."""
    grey = shades(width, height)
    y, x = np.mgrid[0:height, 0:width]
    green = np.rint(y / max(height - 1, 1) * 255).astype(np.uint8)
    blue = np.rint((1 - x / max(width - 1, 1)) * 255).astype(np.uint8)
    return np.stack([grey, green, blue], axis=-1)


def frames_of(picture: np.ndarray, count: int) -> np.ndarray:
    """So many frames: the first is the picture, each next one is moved to the right by three."""
    return np.stack([np.roll(picture, 3 * number, axis=1) for number in range(count)])

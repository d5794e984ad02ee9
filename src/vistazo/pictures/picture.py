"""A decoded picture, the same whatever format it came in."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8] | NDArray[np.float32]

# Of a strip: what is computed on the way to a result is never there for all of a large picture.
STRIP_PIXELS = 250_000


class Picture:
    """Pixels on the scale 0..255, upright.

    ``pixels`` is (height, width) for grey or (height, width, 3) for RGB: uint8, or float32 where
    the source has more than 8 bits, so that no grey level is lost. Whoever can do with some rows at
    a time asks for those: a large picture is not held twice then.
    """

    def __init__(self, pixels: Pixels) -> None:
        self._pixels = pixels

    @property
    def pixels(self) -> Pixels:
        return self._pixels

    @property
    def height(self) -> int:
        return int(self._pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self._pixels.shape[1])

    @property
    def is_grey(self) -> bool:
        return self._pixels.ndim == 2

    def image(self) -> Image.Image:
        """For Pillow: mode L, RGB or F. It is not to be changed."""
        return Image.fromarray(self._pixels)

    def rows(self, top: int, bottom: int) -> Pixels:
        """Those from ``top`` to before ``bottom``."""
        return self._pixels[top:bottom]

    def strips(self, multiple_of: int = 1) -> Iterator[Pixels]:
        """All rows, from the top, so many at a time: the last ones may be fewer."""
        rows = multiple_of * max(1, STRIP_PIXELS // (self.width * multiple_of))
        for top in range(0, self.height, rows):
            yield self.rows(top, min(top + rows, self.height))


class ComputedPicture(Picture):
    """``rows`` computes those that are asked for; it, ``height`` and ``width`` are for whoever
    derives from this.
    """

    @property
    def pixels(self) -> Pixels:
        """Computed each time, and as much memory again."""
        strips = self.strips()
        first = next(strips)
        pixels: Pixels = np.empty((self.height, *first.shape[1:]), first.dtype)
        top = len(first)
        pixels[:top] = first
        for strip in strips:
            pixels[top : top + len(strip)] = strip
            top += len(strip)
        return pixels

    @property
    def is_grey(self) -> bool:
        return self.rows(0, 1).ndim == 2

    def image(self) -> Image.Image:
        first = Image.fromarray(self.rows(0, 1))
        whole, top = Image.new(first.mode, (self.width, self.height)), 0
        for strip in self.strips():
            whole.paste(Image.fromarray(strip), (0, top))
            top += len(strip)
        return whole


def reduced(picture: Picture, factor: int) -> Pixels:
    """Averages of blocks of ``factor`` x ``factor`` pixels; those at two edges may be smaller."""
    pixels, top = None, 0
    for strip in picture.strips(factor):
        blocks = np.asarray(Image.fromarray(strip).reduce(factor))
        if pixels is None:
            height = math.ceil(picture.height / factor)
            pixels = np.empty((height, *blocks.shape[1:]), blocks.dtype)
        pixels[top : top + len(blocks)] = blocks
        top += len(blocks)
    assert pixels is not None  # noqa: S101 - no picture is without rows
    return pixels

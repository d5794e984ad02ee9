"""Pictures made by code that have the statistics of photographs: for when there are none.

Things that lie over each other, of all sizes, give photographs their sharp edges and their power
spectrum, which falls with the square of the frequency (the dead leaves model: Lee, Mumford and
Huang 2001, Occlusion Models for Natural Images). Brightness and contrast vary from picture to
picture; the three colours of one thing mostly go together.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from vistazo.pictures import Picture

_THINGS = 120
_MOST_SIDE_PX = 256
_SMALLEST, _LARGEST = 0.012, 0.6  # radius of a thing, as a part of the picture's side
_BRIGHTNESS, _CONTRAST = (60, 180), (30, 80)  # mean and deviation of the things of one picture
_CAST, _TINT = 10, 12  # deviation of the colours of a picture, and of one thing in it
_GRAIN = 6


def photographs(count: int, height: int, width: int) -> tuple[Picture, ...]:
    """The same pictures at every call, of this size or, for large ones, of these proportions."""
    random = np.random.default_rng(0)
    shrunk = min(1.0, _MOST_SIDE_PX / max(height, width))
    size = max(1, round(width * shrunk)), max(1, round(height * shrunk))
    means = np.linspace(*_BRIGHTNESS, count)
    deviations = random.permutation(np.linspace(*_CONTRAST, count))
    return tuple(
        _photograph(random, size, mean, deviation)
        for mean, deviation in zip(means, deviations, strict=True)
    )


def _photograph(
    random: np.random.Generator, size: tuple[int, int], mean: float, deviation: float
) -> Picture:
    grey = random.normal(mean, deviation, (_THINGS + 1, 1))
    cast, tint = random.normal(0, _CAST, 3), random.normal(0, _TINT, (_THINGS + 1, 3))
    colours = np.clip(grey + cast + tint, 0, 255).astype(np.uint8).tolist()
    image = Image.new("RGB", size, tuple(colours[0]))
    draw = ImageDraw.Draw(image)
    radius = _SMALLEST * (_LARGEST / _SMALLEST) ** random.random((_THINGS, 1))
    radii = radius * max(size) * random.uniform(0.7, 1.4, (_THINGS, 2))
    centres = random.uniform(0, size, (_THINGS, 2))
    boxes = np.concatenate([centres - radii, centres + radii], axis=1).tolist()
    for place, (box, colour) in enumerate(zip(boxes, colours[1:], strict=True)):
        shape = draw.rectangle if place % 3 == 0 else draw.ellipse
        shape(box, fill=tuple(colour))
    pixels = np.asarray(image.filter(ImageFilter.BoxBlur(0.4)), np.float32)
    grain = random.normal(0, _GRAIN, pixels.shape[:2])[:, :, np.newaxis]
    return Picture(np.clip(pixels + grain, 0, 255).astype(np.uint8))

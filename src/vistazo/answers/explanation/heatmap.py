"""Evidence as a picture: a transparent layer to lay over one, or the two together."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vistazo.models.card import InputSpec
from vistazo.pictures import Picture
from vistazo.pictures.preprocessing import Placement

Floats = NDArray[np.float32]

OVERLAY_PX = 768
_LAYER_PX = 256
_BAND_ROWS = 64  # of float32, which would be 30 MB for all of an overlay
_FAST = 1  # compression: the best takes ten times as long for a fifth less

# From nothing over amber to a pale yellow: rising in lightness, so that it reads without colour
# and on greys. Strength, red, green, blue, opacity.
_RAMP = np.array(
    [
        (0.00, 190, 40, 20, 0.00),
        (0.15, 196, 48, 22, 0.06),
        (0.45, 230, 92, 20, 0.45),
        (0.75, 252, 164, 36, 0.68),
        (1.00, 255, 236, 130, 0.80),
    ]
)


@dataclass(frozen=True)
class Frame:
    """The part of a picture that a grid of evidence covers, as fractions of its width and height.

    All of it is 0, 0, 1, 1. Beyond that lies padding (resize: fit); what is cut off (resize: crop)
    is not covered.
    """

    left: float
    top: float
    right: float
    bottom: float

    @staticmethod
    def of(at: Placement, spec: InputSpec) -> Frame:
        """For a picture that lies ``at`` a place of the model's input."""
        return Frame(
            -at.left / at.width,
            -at.top / at.height,
            (spec.width - at.left) / at.width,
            (spec.height - at.top) / at.height,
        )


def heat_layer(grid: Floats, frame: Frame, width: int, height: int) -> bytes:
    """A PNG of the proportions of a picture of ``width`` x ``height``: transparent where nothing
    speaks for the label, the brighter the more does. Strengths are relative to the strongest.
    """
    colours = _colours()
    size = _sized(width, height, _LAYER_PX)
    levels = Image.fromarray(_levels(grid, frame, size))
    levels.putpalette(colours[:, :3].tobytes())
    return _png(levels, transparency=colours[:, 3].tobytes())


def overlay(picture: Picture, grid: Floats, frame: Frame) -> bytes:
    """A PNG of the picture, in greys, under its heat layer."""
    longest = min(OVERLAY_PX, max(picture.width, picture.height))
    size = _sized(picture.width, picture.height, longest)
    grey = np.asarray(_grey(picture).resize(size))
    levels, colours = _levels(grid, frame, size), _colours()
    drawn = np.empty((*grey.shape, 3), np.uint8)
    for top in range(0, len(grey), _BAND_ROWS):
        band = slice(top, top + _BAND_ROWS)
        heat = colours[levels[band]].astype(np.float32)
        opacity = heat[..., 3:] / 255
        mixed = grey[band, :, np.newaxis] * (1 - opacity) + heat[..., :3] * opacity
        drawn[band] = mixed.round()
    return _png(Image.fromarray(drawn))


def _grey(picture: Picture) -> Image.Image:
    """In strips: its colours are not held twice."""
    grey, top = Image.new("L", (picture.width, picture.height)), 0
    for strip in picture.strips():
        grey.paste(Image.fromarray(strip).convert("L"), (0, top))
        top += len(strip)
    return grey


def strengths(grid: Floats, frame: Frame, size: tuple[int, int]) -> Floats:
    """How strongly each pixel (height, width) of a picture speaks for the label, 0..1.

    ``size`` is (width, height). The evidence against the label is left out, as in Zhou et al.
    """
    wide, wanted = _stretch(frame.left, frame.right, size[0], grid.shape[1])
    high, rows = _stretch(frame.top, frame.bottom, size[1], grid.shape[0])
    box = (wanted[0], rows[0], wanted[1], rows[1])
    within = (wide[1] - wide[0], high[1] - high[0])
    smooth = Image.fromarray(grid).resize(within, Image.Resampling.BICUBIC, box=box)
    found = np.zeros(size[::-1], np.float32)
    found[high[0] : high[1], wide[0] : wide[1]] = np.maximum(np.asarray(smooth), 0)
    return found / np.max(found) if np.max(grid) > 0 else np.zeros_like(found)


def _stretch(
    start: float, end: float, pixels: int, cells: int
) -> tuple[tuple[int, int], tuple[float, float]]:
    """Along one axis: the pixels that the grid covers, and the part of the grid that lies there."""
    first, last = max(0.0, start), min(1.0, end)
    covered = (round(first * pixels), max(round(last * pixels), round(first * pixels) + 1))
    per_part = cells / (end - start)
    return covered, ((first - start) * per_part, min((last - start) * per_part, cells))


def _levels(grid: Floats, frame: Frame, size: tuple[int, int]) -> NDArray[np.uint8]:
    return (strengths(grid, frame, size) * 255).astype(np.uint8)


def _colours() -> NDArray[np.uint8]:
    """Red, green, blue and opacity of the 256 levels."""
    at, *channels = _RAMP.T
    levels = [np.interp(np.linspace(0, 1, 256), at, channel) for channel in channels]
    levels[3] *= 255
    return np.ascontiguousarray(np.stack(levels, axis=1).round().astype(np.uint8))


def _sized(width: int, height: int, longest: int) -> tuple[int, int]:
    ratio = longest / max(width, height)
    return max(1, round(width * ratio)), max(1, round(height * ratio))


def _png(image: Image.Image, **options: bytes) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=_FAST, **options)
    return buffer.getvalue()

"""PNG and JPEG, decoded by Pillow."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from vistazo.errors import CorruptImageError
from vistazo.pictures.container import Stripped
from vistazo.pictures.picture import Picture

Pixels = NDArray[np.uint8] | NDArray[np.float32]

# Our own limit, taken from the header before anything is decoded, stands in for Pillow's global.
Image.MAX_IMAGE_PIXELS = None

_GREYS_OVER_8_BITS = ("I;16", "I;16B", "I;16L", "I;16N", "I")
# What undoes an EXIF orientation: exchange the axes, then reverse the rows, the columns, or both.
_ON_THEIR_SIDE, _UPSIDE_DOWN, _MIRRORED = (5, 6, 7, 8), (3, 4, 7, 8), (2, 3, 6, 7)
_STRIP_PIXELS = 500_000
_CHANNELS = {"1": 1, "L": 1, "LA": 2, "P": 3, "RGB": 3, "RGBA": 4, "CMYK": 4, "YCbCr": 3}


@dataclass(frozen=True)
class RasterImage:
    """An opened Pillow image: header read, pixels not."""

    _image: Image.Image
    _orientation: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self._image.size

    @property
    def channels(self) -> int:
        return _CHANNELS.get(self._image.mode, 1)

    def picture(self, at_least: tuple[int, int] | None) -> Picture:
        with _damage_is_an_input_error():
            return Picture(_upright(_pixels(self._image, at_least), self._orientation))


def open_raster(stripped: Stripped, image_format: str) -> RasterImage:
    """Read the header. Raises CorruptImageError."""
    with _damage_is_an_input_error():
        image = Image.open(stripped.stream(), formats=[image_format.upper()])
    return RasterImage(image, stripped.orientation)


@contextmanager
def _damage_is_an_input_error() -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise
    except UnidentifiedImageError:  # whose words show where in memory the bytes are
        raise CorruptImageError(
            "The image is damaged or cut short, and its header cannot be read."
        ) from None
    except Exception as error:  # Pillow raises whatever its parsers trip over: any kind can come.
        raise CorruptImageError(
            f"The image is damaged or cut short and cannot be decoded ({error})."
        ) from error


def _pixels(image: Image.Image, at_least: tuple[int, int] | None) -> Pixels:
    """Average whole blocks of pixels while both sides stay at least twice ``at_least``."""
    factor = 1
    if at_least is not None:
        side = 2 * max(at_least)  # both ways round: EXIF may turn the picture afterwards
        if image.format == "JPEG":
            image.draft(None, (side, side))
        factor = min(image.size) // side
    if factor <= 1:
        return _whole(image)
    reduced = [Image.fromarray(strip).reduce(factor) for strip in _strips(image, factor)]
    return np.concatenate([np.asarray(strip) for strip in reduced])


def _whole(image: Image.Image) -> Pixels:
    strips, top = _strips(image, 1), 0
    first = next(strips)
    pixels = np.empty((image.height, *first.shape[1:]), first.dtype)
    for strip in itertools.chain([first], strips):
        pixels[top : top + len(strip)] = strip
        top += len(strip)
    return pixels


def _strips(image: Image.Image, multiple_of: int) -> Iterator[Pixels]:
    """A number of rows at a time: what a mode needs on its way to pixels (16 bit greys are computed
    as float32, transparency as two more pictures) is never there for the whole of a large picture.
    """
    width, height = image.size
    rows = multiple_of * max(1, _STRIP_PIXELS // (width * multiple_of))
    for top in range(0, height, rows):
        yield _to_pixels(image.crop((0, top, width, min(top + rows, height))))


def _to_pixels(image: Image.Image) -> Pixels:
    if image.mode in _GREYS_OVER_8_BITS:
        # PNG greys of 16 bits: 65535 / 257 = 255, so the whole range is kept.
        return np.asarray(image, dtype=np.float32) / np.float32(257)
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))
    if image.has_transparency_data:
        # As over the black surround of a film.
        image = image.convert("RGBA")
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, image)
    return np.asarray(image.convert("RGB"))


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turned as EXIF says: a photograph of a film may have been taken on its side. No copy."""
    if orientation in _ON_THEIR_SIDE:
        pixels = pixels.swapaxes(0, 1)
    if orientation in _UPSIDE_DOWN:
        pixels = pixels[::-1]
    return pixels[:, ::-1] if orientation in _MIRRORED else pixels

"""Pictures of every format, decoded by Pillow."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from PIL import Image

from vistazo.errors import BrokenRule, RejectedUploadError
from vistazo.pictures.container import Stripped
from vistazo.pictures.picture import Picture, reduced
from vistazo.pictures.stored import (
    ON_THEIR_SIDE,
    StoredPicture,
    damage_is_an_input_error,
    upright,
)

# Our own limit, taken from the header before anything is decoded, stands in for Pillow's global.
Image.MAX_IMAGE_PIXELS = None

_AS_STORED = 1
_PILLOWS_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2}  # a pixel
# Pillow looks for the readers of these only when one comes: nobody else pays for their libraries.
_LATE_READERS = {
    "tiff": "PIL.TiffImagePlugin",
    "webp": "PIL.WebPImagePlugin",
    "avif": "PIL.AvifImagePlugin",
}
_CHANNELS = {"1": 1, "L": 1, "LA": 2, "P": 3, "RGB": 3, "RGBA": 4, "CMYK": 4, "YCbCr": 3}
_THREADS = "DEFAULT_MAX_THREADS"
# Their decoders hold as much as the pixels, as long as Pillow's picture holds the decoder.
_HOLDING_ON = ("WEBP", "AVIF")


@dataclass
class RasterImage:
    """An opened Pillow image: header read, pixels not. May be asked for several pictures, each of
    another size, one after the other; a PNG is decoded once for all of them.
    """

    _image: Image.Image
    _orientation: int
    _again: Callable[[], Image.Image] | None = None  # opens it, as Pillow decodes no JPEG twice
    _is_spent: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self._image.size

    @property
    def channels(self) -> int:
        return _CHANNELS.get(self._image.mode, 1)

    @property
    def is_on_its_side(self) -> bool:
        return self._orientation in ON_THEIR_SIDE

    def picture(self, at_least: tuple[int, int] | None, most_bytes: float = math.inf) -> Picture:
        """Average whole blocks of pixels while both sides stay at least twice ``at_least``.

        Raises CorruptImageError, and RejectedUploadError where Pillow would hold more than
        ``most_bytes`` of pixels.
        """
        factor = 1
        with damage_is_an_input_error():
            if self._image.format == "JPEG" and self._is_spent and self._again is not None:
                self._image = self._again()  # the pixels of before go before others come
            image, self._is_spent = self._image, True
            if at_least is not None:
                side = 2 * max(at_least)  # both ways round: EXIF may turn the picture
                if image.format == "JPEG":
                    image.draft(None, (side, side))
                factor = min(image.size) // side
        if _pixel_bytes(image) > most_bytes:
            reject_held_bytes()
        with damage_is_an_input_error():
            image.load()
        if image.format in _HOLDING_ON:
            self._image = image = image._new(image.im)  # noqa: SLF001 - the pixels alone
        if factor <= 1:
            return StoredPicture(image, self._orientation)
        smaller = reduced(StoredPicture(image, _AS_STORED), factor)
        return Picture(upright(smaller, self._orientation))


def _pixel_bytes(image: Image.Image) -> int:
    return image.width * image.height * _PILLOWS_BYTES.get(image.mode, 4)


def reject_held_bytes() -> NoReturn:
    detail = "The picture would take too much memory. Send it smaller, or as a baseline JPEG."
    raise RejectedUploadError([BrokenRule("max_held_bytes", detail)])


def load_reader(image_format: str) -> bool:
    """Load what decodes a format, unless it is loaded: whether it was not."""
    name = _LATE_READERS.get(image_format)
    if name is None or name in sys.modules:
        return False
    reader = importlib.import_module(name)
    if hasattr(reader, _THREADS):
        setattr(reader, _THREADS, 1)  # a worker may start none
    return True


def open_raster(stripped: Stripped, image_format: str) -> RasterImage:
    """Read the header. Raises CorruptImageError."""
    load_reader(image_format)

    def opened() -> Image.Image:
        return Image.open(stripped.stream(), formats=[image_format.upper()])

    with damage_is_an_input_error():
        return RasterImage(opened(), stripped.orientation, opened)

"""A picture that a program holds already, of Pillow or NumPy: under the limits of one in a file.

An array says neither what its colours are nor what its numbers mean, so only what leaves no doubt
is taken: uint8 (0..255), uint16 of greys (0..65535) or bool, and colours in the order red, green,
blue. Numbers of other types would have to be guessed at: a float of 1 may be white, or black.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vistazo.errors import BrokenRule, InputError, RejectedUploadError
from vistazo.pictures.decode import EncodedImage, Header, ImageLimits
from vistazo.pictures.raster import RasterImage
from vistazo.pictures.stored import damage_is_an_input_error

_ORIENTATION = 274  # the tag of EXIF
_UPRIGHT = 1
_COLOURS = (3, 4)  # red, green, blue, and how opaque
# The pixels are there: the rules of a file's bytes are not asked of them, those of its sides are.
_AS_IF_OF = "png"
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
_MODES_OF_16_BITS = ("I;16", "I;16L", "I;16B", "I;16N")


def held(picture: Image.Image | NDArray[Any], limits: ImageLimits) -> EncodedImage:
    """As if it had been opened from a file. A picture of Pillow is loaded, and else left as it is;
    of several frames it is the one that it stands at.

    Raises RejectedUploadError for more than ``limits.max_pixels``, before anything is loaded,
    CorruptImageError, and InputError for an array or a mode that could mean several things.
    """
    image = picture if isinstance(picture, Image.Image) else _image_of(picture)
    width, height = image.size
    if width * height > limits.max_pixels:
        detail = (
            f"The picture has {width} x {height} pixels; at most {limits.max_pixels} in all are "
            "accepted (max_pixels)."
        )
        raise RejectedUploadError([BrokenRule("max_pixels", detail)])
    _check_mode(image.mode)
    with damage_is_an_input_error():
        image.load()  # once: what is loaded is not changed by what reads it
    source = RasterImage(image, _orientation(image))
    header = Header(_AS_IF_OF, width, height, source.channels)
    return EncodedImage(header, source, limits.max_held_bytes)


def _check_mode(mode: str) -> None:
    if mode not in (*_MODES, *_MODES_OF_16_BITS):
        raise InputError(
            f"A picture of Pillow's mode '{mode}' could mean several things: convert it to "
            "'L' or 'RGB' first."
        )


def _orientation(image: Image.Image) -> int:
    with damage_is_an_input_error():
        found = image.getexif().get(_ORIENTATION)
    return found if isinstance(found, int) and 1 <= found <= 8 else _UPRIGHT


def _image_of(array: NDArray[Any]) -> Image.Image:
    pixels = array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if pixels.ndim != 2 and not (pixels.ndim == 3 and pixels.shape[2] in _COLOURS):
        raise InputError(
            f"An array of the shape {array.shape} is no picture: it is (height, width) for greys, "
            "or (height, width, 3) for red, green and blue. Several pictures are a list."
        )
    if not pixels.size:
        raise InputError("The array holds no pixel.")
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    pixels = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("="))
    if pixels.dtype != np.uint8 and not (pixels.dtype == np.uint16 and pixels.ndim == 2):
        raise InputError(
            f"What the numbers of an array of {array.dtype} mean is not known. Give uint8, 0 to "
            "255; greys also as uint16, 0 to 65535. Of numbers from 0 to 1: "
            "(array * 255).round().astype('uint8')."
        )
    return Image.fromarray(pixels)

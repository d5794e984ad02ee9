"""A picture as Pillow holds it: its pixels are computed for the rows that are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from vistazo.errors import BrokenRule, CorruptImageError, RejectedUploadError
from vistazo.pictures.picture import ComputedPicture, Pixels

_GREYS_OVER_8_BITS = ("I;16", "I;16B", "I;16L", "I;16N", "I")
_GREYS = ("1", "L", *_GREYS_OVER_8_BITS)
# What undoes an EXIF orientation: exchange the axes, then reverse the rows, the columns, or both.
ON_THEIR_SIDE, _UPSIDE_DOWN, _MIRRORED = (5, 6, 7, 8), (3, 4, 7, 8), (2, 3, 6, 7)

_Array = TypeVar("_Array", bound=NDArray[Any])


@contextmanager
def damage_is_an_input_error() -> Iterator[None]:
    """Whatever Pillow raises becomes a CorruptImageError, but for its own limit of pixels, which
    stands in the program of somebody else: that becomes a RejectedUploadError.
    """
    try:
        yield
    except MemoryError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        detail = (
            f"The picture has more pixels than Pillow accepts in this program ({error}). Raise "
            "its limit, too: PIL.Image.MAX_IMAGE_PIXELS = None."
        )
        raise RejectedUploadError([BrokenRule("max_pixels", detail)]) from None
    except UnidentifiedImageError:  # whose words show where in memory the bytes are
        raise CorruptImageError(
            "The image is damaged or cut short, and its header cannot be read."
        ) from None
    except Exception as error:  # Pillow raises whatever its parsers trip over: any kind can come.
        raise CorruptImageError(
            f"The image is damaged or cut short and cannot be decoded ({error})."
        ) from error


class StoredPicture(ComputedPicture):
    """``image`` is loaded; ``orientation`` is that of EXIF, 1 to 8."""

    def __init__(self, image: Image.Image, orientation: int) -> None:
        self._image = image
        self._orientation = orientation

    @property
    def height(self) -> int:
        return self._image.width if self._is_on_its_side else self._image.height

    @property
    def width(self) -> int:
        return self._image.height if self._is_on_its_side else self._image.width

    @property
    def is_grey(self) -> bool:
        return self._image.mode in _GREYS

    @property
    def _is_on_its_side(self) -> bool:
        return self._orientation in ON_THEIR_SIDE

    def image(self) -> Image.Image:
        """The very one that is held, where it is as it has to be."""
        held = self._image
        if self._orientation == 1 and held.mode in ("L", "RGB") and not held.has_transparency_data:
            return held
        return super().image()

    def rows(self, top: int, bottom: int) -> Pixels:
        """Raises CorruptImageError where the pixels cannot be computed."""
        if self._orientation in _UPSIDE_DOWN:
            top, bottom = self.height - bottom, self.height - top
        box = (0, top, self.width, bottom)
        if self._is_on_its_side:
            box = (top, 0, bottom, self.width)
        with damage_is_an_input_error():
            return upright(_to_pixels(self._image.crop(box)), self._orientation)


def _to_pixels(image: Image.Image) -> Pixels:
    if image.mode in _GREYS_OVER_8_BITS:
        # PNG greys of 16 bits: 65535 / 257 = 255, so the whole range is kept.
        return np.asarray(image, dtype=np.float32) / np.float32(257)
    if image.mode in _GREYS:
        return np.asarray(image.convert("L"))
    if image.has_transparency_data:
        # As over the black surround of an X-ray.
        image = image.convert("RGBA")
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, image)
    return np.asarray(image.convert("RGB"))


def upright(pixels: _Array, orientation: int) -> _Array:
    """Turned as EXIF says: a photograph may have been taken on its side. No copy."""
    turned: NDArray[Any] = pixels
    if orientation in ON_THEIR_SIDE:
        turned = turned.swapaxes(0, 1)
    if orientation in _UPSIDE_DOWN:
        turned = turned[::-1]
    return cast("_Array", turned[:, ::-1] if orientation in _MIRRORED else turned)

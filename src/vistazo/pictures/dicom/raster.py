"""A DICOM file as a picture: header read, pixels not."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from PIL import Image

from vistazo.pictures.container.dicom.stripped import StrippedDicom
from vistazo.pictures.dicom import codecs
from vistazo.pictures.dicom.codecs import Samples, Words
from vistazo.pictures.dicom.colours import Colours
from vistazo.pictures.dicom.damage import damage_is_an_input_error
from vistazo.pictures.dicom.elements import Elements
from vistazo.pictures.dicom.facts import radiograph_of
from vistazo.pictures.dicom.form import MONOCHROME, PixelForm, form_of
from vistazo.pictures.dicom.grey_levels import GreyLevels, Rendering
from vistazo.pictures.dicom.libraries import load_libraries
from vistazo.pictures.dicom.orientation import orientation_of, pixel_aspect_of
from vistazo.pictures.picture import ComputedPicture, Picture, Pixels, reduced
from vistazo.pictures.radiograph import Radiograph
from vistazo.pictures.raster import reject_held_bytes
from vistazo.pictures.stored import ON_THEIR_SIDE, upright

# Of the frame, then of all frames (PS3.3 C.7.6.16).
_FUNCTIONAL_GROUPS = (0x5200_9230, 0x5200_9229)


class _Levels(Protocol):
    def of(self, words: Words) -> Pixels: ...


class DicomPicture(ComputedPicture):
    """Its grey levels are computed for the rows that are asked for."""

    def __init__(self, words: Words, levels: _Levels) -> None:
        self._words = words
        self._levels = levels

    @property
    def height(self) -> int:
        return int(self._words.shape[0])

    @property
    def width(self) -> int:
        return int(self._words.shape[1])

    def rows(self, top: int, bottom: int) -> Pixels:
        return self._levels.of(self._words[top:bottom])


@dataclass
class DicomRaster:
    """The same protocol as ``raster.RasterImage``. A frame is decoded once."""

    radiograph: Radiograph
    _stripped: StrippedDicom
    _form: PixelForm
    _rendering: Rendering | None  # None of colours
    _orientation: int
    _pixel_aspect: float  # height by width
    _samples: Samples | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, as stored."""
        return self._form.columns, self._form.rows

    @property
    def channels(self) -> int:
        return 1 if self._form.photometric in MONOCHROME else 3

    @property
    def is_on_its_side(self) -> bool:
        return self._orientation in ON_THEIR_SIDE

    def picture(self, at_least: tuple[int, int] | None, most_bytes: float = math.inf) -> Picture:
        """Average whole blocks of pixels while both sides stay at least twice ``at_least``.

        Raises CorruptImageError, and RejectedUploadError where its decoder would hold more than
        ``most_bytes``.
        """
        samples = self._samples or self._decoded(most_bytes)
        with damage_is_an_input_error():
            self._samples = samples
            words = upright(samples.words, self._orientation)
            picture: Picture = DicomPicture(words, self._levels(samples))
            factor = 1
            if at_least is not None:
                factor = min(self._square_sides(picture)) // (2 * max(at_least))
            if factor > 1:
                picture = Picture(reduced(picture, factor))
            return self._with_square_pixels(picture)

    def _decoded(self, most_bytes: float) -> Samples:
        stripped, form, syntax = self._stripped, self._form, self._stripped.transfer_syntax
        pixels = stripped.pixels
        if codecs.held_bytes(form, syntax, len(pixels)) > most_bytes:
            reject_held_bytes()
        with damage_is_an_input_error():
            if not codecs.is_native(syntax):
                return codecs.compressed_frame(pixels, form, syntax)
            is_big, has_words = stripped.order == ">", stripped.pixel_vr == "OW"
            return codecs.native_frame(pixels, form, is_big=is_big, has_words=has_words)

    def _levels(self, samples: Samples) -> _Levels:
        if self._rendering is None:
            return Colours(samples, self._form, _elements_of(self._stripped))
        return GreyLevels(samples, self._form, self._rendering)

    def _with_square_pixels(self, picture: Picture) -> Picture:
        sides = self._square_sides(picture)
        if sides == (picture.width, picture.height):
            return picture
        return Picture(np.asarray(picture.image().resize(sides, Image.Resampling.BOX)))

    def _square_sides(self, picture: Picture) -> tuple[int, int]:
        """The side that has more pixels for its length gets fewer: nothing is made up, and a header
        that lies costs no memory.
        """
        aspect = 1 / self._pixel_aspect if self.is_on_its_side else self._pixel_aspect
        width = max(1, round(picture.width / max(aspect, 1)))
        return width, max(1, round(picture.height * min(aspect, 1)))


def open_dicom(stripped: StrippedDicom) -> DicomRaster:
    """Read the header. Raises CorruptImageError and UnsupportedFormatError."""
    load_libraries(stripped.transfer_syntax)
    with damage_is_an_input_error():
        elements = _elements_of(stripped)
        form = form_of(elements)
        groups = [each for tag in _FUNCTIONAL_GROUPS if (each := elements.item(tag))]
        rendering = None
        if form.photometric in MONOCHROME:
            rendering = Rendering.of(form, [*groups, elements])
        said = radiograph_of(elements)
        orientation = orientation_of(elements, groups, said.view)
        radiograph = replace(
            said,
            frame=stripped.frame,
            frames=stripped.frames,
            window=rendering.window if rendering is not None else "",
            turned=orientation != 1,
            transfer_syntax=stripped.transfer_syntax,
        )
        aspect = pixel_aspect_of(elements, groups)
        return DicomRaster(radiograph, stripped, form, rendering, orientation, aspect)


def _elements_of(stripped: StrippedDicom) -> Elements:
    return Elements(stripped.data_set, stripped.order)

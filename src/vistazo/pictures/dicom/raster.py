"""A DICOM file as a picture: header read, pixels not."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.filereader import dcmread

from vistazo.pictures.container import Stripped
from vistazo.pictures.dicom import codecs
from vistazo.pictures.dicom.codecs import Samples, Words
from vistazo.pictures.dicom.colours import Colours
from vistazo.pictures.dicom.damage import damage_is_an_input_error, refuse
from vistazo.pictures.dicom.elements import Elements
from vistazo.pictures.dicom.form import MONOCHROME, PixelForm, form_of
from vistazo.pictures.dicom.grey_levels import GreyLevels
from vistazo.pictures.dicom.orientation import orientation_of, pixel_aspect_of
from vistazo.pictures.picture import Picture, Pixels, reduced
from vistazo.pictures.radiograph import Radiograph
from vistazo.pictures.raster import reject_held_bytes
from vistazo.pictures.stored import ON_THEIR_SIDE, upright

_IMPLICIT = "1.2.840.10008.1.2"
_TRANSFER_SYNTAX, _PIXEL_DATA = 0x0002_0010, 0x7FE0_0010
_OFFSETS, _LENGTHS = 0x7FE0_0001, 0x7FE0_0002
_REPRESENTATIVE_FRAME = 0x0028_6010
_SHARED_GROUPS, _FRAME_GROUPS = 0x5200_9229, 0x5200_9230


class _Levels(Protocol):
    @property
    def window(self) -> str: ...
    def of(self, words: Words) -> Pixels: ...


class DicomPicture(Picture):
    """Its grey levels are computed for the rows that are asked for."""

    def __init__(self, words: Words, levels: _Levels) -> None:
        self._words = words
        self._levels = levels

    @property
    def pixels(self) -> Pixels:
        """Computed each time."""
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
    def height(self) -> int:
        return int(self._words.shape[0])

    @property
    def width(self) -> int:
        return int(self._words.shape[1])

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

    def rows(self, top: int, bottom: int) -> Pixels:
        return self._levels.of(self._words[top:bottom])


@dataclass
class DicomRaster:
    """The same protocol as ``raster.RasterImage``. A frame is decoded once."""

    radiograph: Radiograph
    _dataset: Dataset
    _form: PixelForm
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
        if codecs.held_bytes(self._form, _syntax_of(self._dataset)) > most_bytes:
            reject_held_bytes()
        with damage_is_an_input_error():
            self._samples = samples = self._samples or self._decoded()
            levels = self._levels(samples)
            self.radiograph = replace(self.radiograph, window=levels.window)
            words = upright(samples.words, self._orientation)
            picture: Picture = DicomPicture(words, levels)
            factor = 1
            if at_least is not None:
                factor = min(picture.width, picture.height) // (2 * max(at_least))
            if factor > 1:
                picture = Picture(reduced(picture, factor))
            return self._with_square_pixels(picture)

    def _decoded(self) -> Samples:
        elements = Elements(self._dataset)
        syntax = _syntax_of(self._dataset)
        found = self._dataset.get_item(_PIXEL_DATA)
        data = elements.data(_PIXEL_DATA)
        if found is None or not data:
            refuse("it has no pixels")
        index = self.radiograph.frame - 1
        if not codecs.is_native(syntax):
            return codecs.compressed_frame(self._encapsulated(data, index), self._form, syntax)
        start, bits = divmod(self._form.frame_bits * index, 8)
        n_bytes = (self._form.frame_bits + 7) // 8
        if bits or start + n_bytes > len(data):
            refuse("it has fewer pixels than it says")
        frame = memoryview(data)[start : start + n_bytes]
        is_big = not getattr(found, "is_little_endian", True)
        return codecs.native_frame(frame, self._form, is_big=is_big, has_words=found.VR == "OW")

    def _encapsulated(self, data: bytes, index: int) -> bytes:
        elements = Elements(self._dataset)
        offsets = elements.data(_OFFSETS), elements.data(_LENGTHS)
        frames = self._form.frames
        extended = offsets if all(offsets) else None
        return get_frame(data, index, number_of_frames=frames, extended_offsets=extended)

    def _levels(self, samples: Samples) -> _Levels:
        elements = Elements(self._dataset)
        if self._form.photometric not in MONOCHROME:
            return Colours(samples, self._form, elements)
        groups = _functional_groups(elements, self.radiograph.frame)
        return GreyLevels(samples, self._form, [*groups, elements])

    def _with_square_pixels(self, picture: Picture) -> Picture:
        """The side that has more pixels for its length gets fewer: nothing is made up, and a header
        that lies costs no memory.
        """
        aspect = 1 / self._pixel_aspect if self.is_on_its_side else self._pixel_aspect
        if aspect == 1:
            return picture
        width = max(1, round(picture.width / max(aspect, 1)))
        height = max(1, round(picture.height * min(aspect, 1)))
        return Picture(np.asarray(picture.image().resize((width, height), Image.Resampling.BOX)))


def open_raster(stripped: Stripped) -> DicomRaster:
    """Read the header. Raises CorruptImageError and UnsupportedFormatError."""
    with damage_is_an_input_error():
        dataset = dcmread(io.BytesIO(stripped.stream().read()), force=True)
        elements = Elements(dataset)
        codecs.refuse_unreadable(_syntax_of(dataset))
        form = form_of(elements)
        frame = elements.integer(_REPRESENTATIVE_FRAME, 1) or 1
        frame = frame if frame <= form.frames else 1
        orientation = orientation_of(elements)
        radiograph = Radiograph(frame=frame, frames=form.frames, turned=orientation != 1)
        groups = _functional_groups(elements, frame)
        aspect = pixel_aspect_of(elements, groups)
        return DicomRaster(radiograph, dataset, form, orientation, aspect)


def _syntax_of(dataset: Dataset) -> str:
    found = dataset.file_meta.get(_TRANSFER_SYNTAX)
    return str(found.value) if found is not None else _IMPLICIT


def _functional_groups(elements: Elements, frame: int) -> list[Elements]:
    """Of the frame, then of all frames (PS3.3 C.7.6.16)."""
    groups = elements.item(_FRAME_GROUPS, frame - 1), elements.item(_SHARED_GROUPS)
    return [each for each in groups if each is not None]

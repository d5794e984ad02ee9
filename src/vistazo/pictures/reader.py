"""The way from the bytes of a picture to a model's input: here, or in a process that may die of it.

``DirectReader`` decodes in this process: for a person's own files. A service, which is sent files
by strangers, has them decoded by ``service.isolation``. Both answer and refuse alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vistazo.models.card import InputSpec
from vistazo.observer import NOBODY, Observer, during
from vistazo.pictures.appearance import Appearance
from vistazo.pictures.decode import EncodedImage, ImageLimits, open_image
from vistazo.pictures.picture import Picture
from vistazo.pictures.preprocessing import decode_size, prepare_and_look
from vistazo.pictures.preview import preview
from vistazo.pictures.radiograph import Radiograph
from vistazo.pictures.upload import accept


@dataclass(frozen=True, eq=False)
class Prepared:
    """``pixels`` as a model takes them, float32 (h, w, c), of a picture that was decoded to
    ``width`` x ``height``, upright, and what it looked like: None where it came prepared.
    ``radiograph`` is what the header of a DICOM file says of it.
    """

    pixels: NDArray[np.float32]
    width: int
    height: int
    appearance: Appearance | None
    radiograph: Radiograph | None = None


class PictureReader(Protocol):
    """Safe to use from several threads at once. ``frame`` is as in ``open_image``."""

    def prepared(
        self, data: bytes, spec: InputSpec, observer: Observer = NOBODY, frame: int | None = None
    ) -> Prepared:
        """Decode one encoded picture for a model. Raises InputError where it is not accepted."""
        ...

    def picture(self, data: bytes, at_least: tuple[int, int], frame: int | None = None) -> Picture:
        """Decode one encoded picture to twice ``at_least`` (height, width), or more where that is
        cheaper; less only where it has less. Raises InputError.
        """
        ...

    def preview(self, data: bytes, max_side_px: int, frame: int | None = None) -> Picture:
        """Decode one encoded picture to be looked at, uint8, no side longer than that. Raises
        InputError.
        """
        ...


def prepared_of(image: EncodedImage, n_bytes: int, spec: InputSpec) -> Prepared:
    """Prepare an opened picture of so many bytes for a model. Raises InputError."""
    return _prepared(image, _accepted(image, n_bytes, spec), spec)


def _accepted(image: EncodedImage, n_bytes: int, spec: InputSpec) -> Picture:
    accept(image.header, n_bytes, spec)
    return image.decode(at_least=decode_size(spec))


def _prepared(image: EncodedImage, picture: Picture, spec: InputSpec) -> Prepared:
    pixels, appearance = prepare_and_look(picture, spec, image.upright_size)
    radiograph = image.header.radiograph
    return Prepared(pixels, picture.width, picture.height, appearance, radiograph)


@dataclass(frozen=True)
class DirectReader:
    limits: ImageLimits

    def prepared(
        self, data: bytes, spec: InputSpec, observer: Observer = NOBODY, frame: int | None = None
    ) -> Prepared:
        with during("decode", observer):
            image = open_image(data, self.limits, frame)
            picture = _accepted(image, len(data), spec)
        with during("prepare", observer):
            return _prepared(image, picture, spec)

    def picture(self, data: bytes, at_least: tuple[int, int], frame: int | None = None) -> Picture:
        return open_image(data, self.limits, frame).decode(at_least)

    def preview(self, data: bytes, max_side_px: int, frame: int | None = None) -> Picture:
        return preview(open_image(data, self.limits, frame), max_side_px)

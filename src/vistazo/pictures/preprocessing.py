"""From a picture to the array that a model was trained on: one module for training and serving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from vistazo.pictures import Picture
from vistazo.pictures.appearance import Appearance, appearance_of
from vistazo.pictures.preparation import Preparation, Scale
from vistazo.pictures.sampling import Box, Sampling, SparseFilter

_WHOLE_PICTURE = (-3, -2, -1)  # the axes of its values, whether it is one of several or not
_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def decode_size(spec: Preparation) -> tuple[int, int] | None:
    """How small a picture may be decoded (``EncodedImage.decode``) for ``prepare``: height, width.

    None where it must be whole: decoding smaller averages, and a filter that looks at single pixels
    would then see others than it saw in training.
    """
    return None if _is_sparse(spec) else (spec.height, spec.width)


def prepare(picture: Picture, spec: Preparation) -> NDArray[np.float32]:
    """Return float32 (spec.height, spec.width, spec.channels), scaled as ``spec.scale`` says."""
    cut = _cut(picture.width, picture.height, spec)
    return _finished(_resized(picture, cut, spec), cut, spec)


def prepare_and_look(
    picture: Picture, spec: Preparation, size: tuple[int, int]
) -> tuple[NDArray[np.float32], Appearance]:
    """Likewise, and what the resized picture looks like; ``size`` is that of its file, upright:
    width, height.
    """
    cut = _cut(picture.width, picture.height, spec)
    resized = _resized(picture, cut, spec)
    return _finished(resized, cut, spec), appearance_of(resized, *size)


def _resized(picture: Picture, cut: _Cut, spec: Preparation) -> NDArray[np.float32]:
    """Grey (h, w) or RGB (h, w, 3), 0..255: that of more than 8 bits stays grey."""
    return (_sampled if _is_sparse(spec) else _filtered)(picture, cut, spec)


def _finished(resized: NDArray[np.float32], cut: _Cut, spec: Preparation) -> NDArray[np.float32]:
    if spec.equalize:
        resized = _equalized(resized)
    pixels = _padded(resized, cut, spec)
    if pixels.ndim == 2:
        pixels = pixels[:, :, np.newaxis]
    if spec.channels != pixels.shape[2]:  # a grey of more than 8 bits, for a model of colours
        pixels = np.repeat(pixels, spec.channels, axis=2)
    if spec.colour == "bgr":
        pixels = pixels[:, :, ::-1]
    return np.ascontiguousarray(scale(pixels, spec.scale))


@dataclass(frozen=True)
class Placement:
    """Where a picture comes to lie on the model's input, pixels; a cropped one begins before 0."""

    width: float
    height: float
    left: float
    top: float


def place(width: int, height: int, spec: Preparation) -> Placement:
    """Of a picture of ``width`` x ``height`` pixels, upright."""
    cut = _cut(width, height, spec)
    left, top, right, bottom = cut.box
    across, down = cut.width / (right - left), cut.height / (bottom - top)
    return Placement(width * across, height * down, cut.left - left * across, cut.top - top * down)


@dataclass(frozen=True)
class _Cut:
    """The ``box`` of a picture (left, top, right, bottom) becomes ``width`` x ``height`` pixels of
    the model's input, which begin at ``left``, ``top``.
    """

    box: Box
    width: int
    height: int
    left: int = 0
    top: int = 0


def _cut(width: int, height: int, spec: Preparation) -> _Cut:
    whole = (0.0, 0.0, float(width), float(height))
    if spec.resize == "stretch":
        return _Cut(whole, spec.width, spec.height)
    if spec.resize == "crop":
        find = _centre_in_whole_pixels if _is_sparse(spec) else _centre
        return _Cut(find(width, height, spec), spec.width, spec.height)
    return (_within_in_float32 if _is_sparse(spec) else _within)(width, height, spec)


def _centre(width: int, height: int, spec: Preparation) -> Box:
    """As ``PIL.ImageOps.fit``: to fractions of a pixel."""
    ratio = spec.width / spec.height
    across, down = min(float(width), ratio * height), min(float(height), width / ratio)
    left, top = (width - across) / 2, (height - down) / 2
    return left, top, left + across, top + down


def _centre_in_whole_pixels(width: int, height: int, spec: Preparation) -> Box:
    """As Keras with ``crop_to_aspect_ratio`` or ``keep_aspect_ratio`` (``smart_resize``)."""
    across = max(1, min(width, height * spec.width // spec.height))
    down = max(1, min(height, width * spec.height // spec.width))
    left, top = (width - across) // 2, (height - down) // 2
    return left, top, left + across, top + down


def _within(width: int, height: int, spec: Preparation) -> _Cut:
    """As ``PIL.ImageOps.pad``."""
    across, down = spec.width, spec.height
    if width / height > spec.width / spec.height:
        down = max(1, round(height / width * spec.width))
    else:
        across = max(1, round(width / height * spec.height))
    left, top = round((spec.width - across) * 0.5), round((spec.height - down) * 0.5)
    return _Cut((0.0, 0.0, float(width), float(height)), across, down, left, top)


def _within_in_float32(width: int, height: int, spec: Preparation) -> _Cut:
    """As ``tf.image.resize_with_pad``, whose float32 may lose a pixel to rounding."""
    sides = np.array([width, height], np.float32)
    target = np.array([spec.width, spec.height], np.float32)
    exact = sides / (sides / target).max()
    across, down = (max(1, int(side)) for side in exact)
    left, top = (max(0, int(gap)) for gap in (target - exact) / np.float32(2))
    return _Cut((0.0, 0.0, float(width), float(height)), across, down, left, top)


def scale(pixels: NDArray[np.float32], how: Scale) -> NDArray[np.float32]:
    """Scale values of 0..255 to what the model sees; of one picture (h, w, c) or of several."""
    if how == "none":
        return pixels
    if how == "1/255":
        return pixels / np.float32(255)
    if how == "1/127.5-1":
        return pixels / np.float32(127.5) - np.float32(1)
    if how == "per_picture":
        return _standardized(pixels)
    mean, std = np.array(how.mean, np.float32), np.array(how.std, np.float32)
    return np.asarray((pixels / np.float32(how.divide_by) - mean) / std, dtype=np.float32)


def _standardized(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """``(x - mean) / max(deviation, 1 / sqrt(N))`` over the N values of each picture.

    As ``tf.image.per_image_standardization``; the least deviation keeps an even picture even.
    """
    count = int(np.prod(pixels.shape[_WHOLE_PICTURE[0] :]))
    mean = pixels.mean(axis=_WHOLE_PICTURE, keepdims=True, dtype=np.float64)
    centred = pixels - mean.astype(np.float32)
    variance = np.square(centred).mean(axis=_WHOLE_PICTURE, keepdims=True, dtype=np.float64)
    return np.asarray(centred / np.sqrt(np.maximum(variance, 1 / count)).astype(np.float32))


def _is_sparse(spec: Preparation) -> bool:
    return spec.filter == "nearest" or not spec.antialias


def _sampled(picture: Picture, cut: _Cut, spec: Preparation) -> NDArray[np.float32]:
    """Resample from a few neighbours: first these alone become grey or colours."""
    how = cast("SparseFilter", spec.filter)  # the card allows no other
    sampling = Sampling.of(cut.box, cut.height, cut.width, how)
    gathered = Image.fromarray(sampling.gather(picture))
    return sampling.blend(np.asarray(_with_colour(gathered, spec)))


def _filtered(picture: Picture, cut: _Cut, spec: Preparation) -> NDArray[np.float32]:
    """Resample with a filter as wide as the reduction, so that fine detail does not alias.

    A grey picture becomes colours afterwards: three equal channels, at a third of the cost.
    """
    image, size = picture.image(), (cut.width, cut.height)
    if image.mode != "L":
        image = _with_colour(image, spec)
    resized = image.resize(size, _FILTERS[spec.filter], cut.box)
    return np.asarray(_with_colour(resized, spec), dtype=np.float32)


def _equalized(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of 0..255, rounded to whole grey levels: (h, w) or (h, w, c)."""
    levels = np.rint(pixels).clip(0, 255).astype(np.uint8)
    return np.asarray(ImageOps.equalize(Image.fromarray(levels)), dtype=np.float32)


def _with_colour(image: Image.Image, spec: Preparation) -> Image.Image:
    """Grey from RGB is the luma of ITU-R BT.601, as in Pillow and TensorFlow."""
    mode = "L" if spec.colour == "grey" else "RGB"
    return image if image.mode in ("F", mode) else image.convert(mode)


def _padded(pixels: NDArray[np.float32], cut: _Cut, spec: Preparation) -> NDArray[np.float32]:
    if pixels.shape[:2] == (spec.height, spec.width):
        return pixels
    canvas = np.full((spec.height, spec.width, *pixels.shape[2:]), spec.pad_value, np.float32)
    canvas[cut.top : cut.top + cut.height, cut.left : cut.left + cut.width] = pixels
    return canvas

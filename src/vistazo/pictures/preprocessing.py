"""From a picture to the array that a model was trained on: one module for training and serving."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vistazo.models.card import InputSpec, Scale
from vistazo.pictures import Picture

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def prepare(picture: Picture, spec: InputSpec) -> NDArray[np.float32]:
    """Return float32 (spec.height, spec.width, spec.channels), scaled as ``spec.scale`` says."""
    image = _resize(_with_colour(picture, spec), spec)
    pixels = np.asarray(image, dtype=np.float32)
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

    width: int
    height: int
    left: int
    top: int


def place(width: int, height: int, spec: InputSpec) -> Placement:
    """Of a picture of ``width`` x ``height`` pixels, upright."""
    if spec.resize == "stretch":
        return Placement(spec.width, spec.height, 0, 0)
    ratios = spec.width / width, spec.height / height
    ratio = min(ratios) if spec.resize == "fit" else max(ratios)
    within = max(1, round(width * ratio)), max(1, round(height * ratio))
    return Placement(*within, (spec.width - within[0]) // 2, (spec.height - within[1]) // 2)


def scale(pixels: NDArray[np.float32], how: Scale) -> NDArray[np.float32]:
    """Scale values of 0..255, channels last, to what the model sees."""
    if how == "none":
        return pixels
    if how == "1/255":
        return pixels / np.float32(255)
    if how == "1/127.5-1":
        return pixels / np.float32(127.5) - np.float32(1)
    mean, std = np.array(how.mean, np.float32), np.array(how.std, np.float32)
    return np.asarray((pixels / np.float32(how.divide_by) - mean) / std, dtype=np.float32)


def _with_colour(picture: Picture, spec: InputSpec) -> Image.Image:
    """Grey from RGB is the luma of ITU-R BT.601, as in Pillow and TensorFlow."""
    image = Image.fromarray(picture.pixels)
    if image.mode == "F":
        return image
    return image.convert("L" if spec.colour == "grey" else "RGB")


def _resize(image: Image.Image, spec: InputSpec) -> Image.Image:
    """Resample with a filter as wide as the reduction, so that fine detail does not alias."""
    at = place(image.width, image.height, spec)
    resized = image.resize((at.width, at.height), _FILTERS[spec.filter])
    if spec.resize == "stretch":
        return resized
    if spec.resize == "crop":
        return resized.crop((-at.left, -at.top, spec.width - at.left, spec.height - at.top))
    size = (spec.width, spec.height)
    canvas = Image.new(image.mode, size, _pad_colour(image.mode, spec.pad_value))
    canvas.paste(resized, (at.left, at.top))
    return canvas


def _pad_colour(mode: str, value: int) -> int | float | tuple[int, int, int]:
    return (value, value, value) if mode == "RGB" else value

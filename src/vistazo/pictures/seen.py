"""From the array that a model was given back to a picture: what the model saw."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vistazo.models.card import InputSpec, Scale
from vistazo.pictures.picture import Picture

_FAST = 1  # compression: it is made while somebody waits


@dataclass(frozen=True, eq=False)
class Seen:
    """What a model saw of one picture.

    ``picture`` is uint8, of the model's input size, grey or RGB, with the scaling undone. What the
    undoing takes away stands in ``low`` and ``high``: the least and the greatest value that the
    model was given. A scaling that is not the one of training shows in nothing else.
    """

    picture: Picture
    low: float
    high: float

    def png(self) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(self.picture.pixels).save(buffer, "PNG", compress_level=_FAST)
        return buffer.getvalue()


def seen(prepared: NDArray[np.float32], spec: InputSpec) -> Seen:
    """Show ``prepared``, float32 (h, w, c) as ``spec`` asks for it; it is left as it is.

    Values beyond 0..255 once unscaled, which some resampling filters make, are shown as 0 or 255.
    """
    levels = _unscaled(prepared, spec.scale)
    pixels = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    if spec.colour == "grey":
        pixels = pixels[:, :, 0]
    elif spec.colour == "bgr":
        pixels = pixels[:, :, ::-1]
    picture = Picture(np.ascontiguousarray(pixels))
    return Seen(picture, float(prepared.min()), float(prepared.max()))


def _unscaled(prepared: NDArray[np.float32], how: Scale) -> NDArray[np.float32]:
    """Undo ``preprocessing.scale``, as far as that can be: values of 0..255, channels last."""
    if how == "none":
        return prepared
    if how == "1/255":
        return prepared * np.float32(255)
    if how == "1/127.5-1":
        return (prepared + np.float32(1)) * np.float32(127.5)
    if how == "per_picture":
        return _spread(prepared)
    mean, std = np.array(how.mean, np.float32), np.array(how.std, np.float32)
    return np.asarray((prepared * std + mean) * np.float32(how.divide_by), dtype=np.float32)


def _spread(prepared: NDArray[np.float32]) -> NDArray[np.float32]:
    """From black to white: what a picture's own mean and deviation were is not known any more."""
    low, high = prepared.min(), prepared.max()
    if low == high:
        return np.full_like(prepared, 127.5)
    return np.asarray((prepared - low) * (np.float32(255) / (high - low)))

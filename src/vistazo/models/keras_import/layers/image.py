"""Preprocessing that a model carries inside."""

from __future__ import annotations

import numpy as np

from vistazo.models.keras_import.elementwise import combine
from vistazo.models.keras_import.layers.convolution import spatial_size
from vistazo.models.keras_import.layers.padding import crop
from vistazo.models.keras_import.layers.resampling import resize
from vistazo.models.keras_import.registry import LayerCall, keras_layer
from vistazo.models.keras_import.value import Value


@keras_layer("Rescaling")
def rescaling(call: LayerCall) -> Value:
    """keras.layers.Rescaling: ``x * scale + offset``; numbers, or one per channel.

    For channels first, Keras 3 lays a list of scales along the channels as well.
    """
    value = call.input
    scale, offset = (_constant(call, name) for name in ("scale", "offset"))
    if scale.size > 1 and call.config.data_format() == "channels_first":
        scale, offset = (item.reshape(-1, 1, 1) if item.ndim else item for item in (scale, offset))
    if np.any(scale != 1):
        value = combine(call.graph, "Mul", value, scale)
    return combine(call.graph, "Add", value, offset) if np.any(offset != 0) else value


def _constant(call: LayerCall, name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    given = call.config.get(name, default=0.0 if name == "offset" else 1.0)
    try:
        return np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError):
        raise call.config.wrong(name, "a number or one per channel", given) from None


@keras_layer("Resizing")
def resizing(call: LayerCall) -> Value:
    """keras.layers.Resizing; ``crop_to_aspect_ratio`` cuts the centre of the target's shape."""
    value, wanted = call.input, (call.config.integer("height"), call.config.integer("width"))
    if call.config.flag("pad_to_aspect_ratio", default=False):
        raise call.refusal("it pads to the aspect ratio")
    if call.config.flag("crop_to_aspect_ratio", default=False):
        value = _crop_to_ratio(call, value, wanted)
    antialias = call.config.flag("antialias", default=False)
    how = call.config.text("interpolation", "bilinear")
    return resize(call, value, wanted, how, antialias=antialias)


def _crop_to_ratio(call: LayerCall, value: Value, wanted: tuple[int, int]) -> Value:
    """``backend.image.resize``: the largest centred part that has the target's aspect ratio."""
    height, width = spatial_size(call, value)
    cut_height = min(height, max(1, int(width * wanted[0] / wanted[1])))
    cut_width = min(width, max(1, int(height * wanted[1] / wanted[0])))
    corner = (int((height - cut_height) / 2), int((width - cut_width) / 2))
    return crop(call, value, corner, (cut_height, cut_width))


@keras_layer("RandomCrop")
def random_crop(call: LayerCall) -> Value:
    """keras.layers.RandomCrop, which at inference scales the largest centred part of its shape.

    Keras 3 did so too at first, and now hands on what it is given.
    """
    wanted = (call.config.integer("height"), call.config.integer("width"))
    if call.graph.keras_major > 2 and spatial_size(call, call.input) != wanted:
        raise call.refusal("what it does at inference differs from one Keras 3 to the next")
    return resizing(call.configured(crop_to_aspect_ratio=True))


@keras_layer("CenterCrop")
def center_crop(call: LayerCall) -> Value:
    """keras.layers.CenterCrop: the centre; a smaller picture is first scaled up to cover it."""
    value, wanted = call.input, (call.config.integer("height"), call.config.integer("width"))
    height, width = spatial_size(call, value)
    if height >= wanted[0] and width >= wanted[1]:
        corner = (int((height - wanted[0]) / 2), int((width - wanted[1]) / 2))
        return crop(call, value, corner, wanted)
    value = _crop_to_ratio(call, value, wanted)
    return resize(call, value, wanted, "bilinear", antialias=False)

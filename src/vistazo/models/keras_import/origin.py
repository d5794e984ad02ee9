"""Tools whose exports are known by their shape, so that what they are fed with is known too."""

from __future__ import annotations

import re

from vistazo.models.keras_import.dialect import Layer, Model
from vistazo.models.keras_import.image_input import ImageInput
from vistazo.models.signature import TEACHABLE_MACHINE

_SIDE, _CHANNELS = 224, 3
_HEAD_LAYER = re.compile(r"dense_Dense\d+")  # as TensorFlow.js names a Dense layer


def origin_of(model: Model, image: ImageInput) -> str:
    """``teachable_machine``, or empty where the model is not known by its shape."""
    is_its_size = (image.height, image.width, image.channels) == (_SIDE, _SIDE, _CHANNELS)
    return TEACHABLE_MACHINE if is_its_size and _is_teachable_machine(model) else ""


def _is_teachable_machine(model: Model) -> bool:
    """A Sequential of two: a MobileNet with its pooling, and a head that TensorFlow.js named.

    So ``custom-mobilenet.ts`` and ``teachable-mobilenet.ts`` of Teachable Machine's image library
    build it: ``sequential([sequential([mobilenet, pooling]), sequential([dense, softmax])])``.
    """
    parts = _content(model)
    if len(parts) != 2 or any(part.model is None for part in parts):
        return False
    body, head = (_content(part.model) for part in parts if part.model is not None)
    return (
        bool(body)
        and body[0].model is not None
        and any(layer.class_name == "DepthwiseConv2D" for layer in body[0].model.layers)
        and bool(head)
        and all(_is_head_layer(layer) for layer in head)
    )


def _content(model: Model) -> list[Layer]:
    return [layer for layer in model.layers if layer.class_name != "InputLayer"]


def _is_head_layer(layer: Layer) -> bool:
    return layer.class_name == "Dense" and _HEAD_LAYER.fullmatch(layer.name) is not None

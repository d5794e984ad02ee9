"""What TensorFlow.js means by a layer where Keras means something else, in words that say so.

Found by running every layer of tfjs-layers 4.22 beside Keras.
"""

from __future__ import annotations

from dataclasses import replace

from vistazo.models.keras_import.config import Config
from vistazo.models.keras_import.dialect import Layer, Model
from vistazo.models.keras_import.rewriting import rewrite


def as_tfjs(model: Model) -> Model:
    """The same model as TensorFlow.js runs it: it interpolates from the corners of pixels."""
    return rewrite(model, lambda _, layer: _as_tfjs(layer))


def _as_tfjs(layer: Layer) -> Layer:
    if layer.class_name != "UpSampling2D":
        return layer
    fields = {**layer.config.fields, "half_pixel_centers": False}
    return replace(layer, config=Config(layer.config.owner, fields))

"""Twenty models as people train them: five architectures, the usual preparations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from card_search.pipelines import Pipeline

Model = Any


@dataclass(frozen=True)
class Recipe:
    """``labels`` in the order of the outputs; ``output``: softmax, sigmoid (one unit) or logits."""

    name: str
    data: str
    architecture: str
    pipeline: Pipeline
    labels: tuple[str, ...]
    output: str = "softmax"
    suffix: str = ".h5"

    def build(self) -> Model:
        side, channels = self.pipeline.side, self.pipeline.channels
        pixels = keras.Input((side, side, channels))
        features = ARCHITECTURES[self.architecture](pixels)
        units = 1 if self.output == "sigmoid" else len(self.labels)
        activation = None if self.output == "logits" else self.output
        return keras.Model(pixels, layers.Dense(units, activation=activation)(features))


def _plain(x: Any) -> Any:
    for filters in (16, 32, 48, 64):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    return layers.GlobalAveragePooling2D()(x)


def _normalized(x: Any) -> Any:
    for filters in (16, 32, 48, 64):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.MaxPooling2D()(x)
    return layers.GlobalAveragePooling2D()(x)


def _flattened(x: Any) -> Any:
    """As in many a course; it scales by itself."""
    x = layers.Rescaling(1 / 255)(x)
    for filters in (16, 32, 32):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    return layers.Dropout(0.3)(x)


def _flattened_without_scaling(x: Any) -> Any:
    for filters in (16, 32, 32):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    return layers.Dropout(0.3)(x)


def _mobile(x: Any) -> Any:
    net = keras.applications.MobileNetV2(
        x.shape[1:], alpha=0.35, include_top=False, weights=None, pooling="avg"
    )
    for layer in net.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.9  # few steps: 0.999 would still remember the start
    return net(x)


def _residual(x: Any) -> Any:
    x = layers.BatchNormalization(momentum=0.9)(x)
    for filters in (16, 32, 64):
        past = layers.Conv2D(filters, 1)(layers.AveragePooling2D(2)(x))
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.Add()([past, layers.BatchNormalization(momentum=0.9)(x)]))
    return layers.GlobalAveragePooling2D()(x)


ARCHITECTURES = {
    "plain": _plain,
    "normalized": _normalized,
    "flattened": _flattened,
    "flattened, unscaled": _flattened_without_scaling,
    "MobileNetV2": _mobile,
    "residual": _residual,
}

_LEAVES = ("Apple_scab", "Black_rot", "Cedar_apple_rust", "healthy")
_LEAVES_MIXED = ("healthy", "Cedar_apple_rust", "Apple_scab", "Black_rot")
_CASTS, _CASTS_TURNED = ("def_front", "ok_front"), ("ok_front", "def_front")
_CHEST, _CHEST_TURNED = ("NORMAL", "PNEUMONIA"), ("PNEUMONIA", "NORMAL")
_TF, _FLOW, _CV, _PIL = "tf.image.resize", "flow_from_directory", "OpenCV", "Pillow bilinear"
_TM, _CROP, _PAD = "Teachable Machine", "crop_to_aspect_ratio", "resize_with_pad"

_ROWS: list[tuple[Any, ...]] = [
    ("leaves", "plain", Pipeline(_TF, "1/255"), _LEAVES),
    ("leaves", "normalized", Pipeline(_FLOW, "1/255"), _LEAVES),
    ("leaves", "flattened, unscaled", Pipeline(_CV, "1/255"), _LEAVES_MIXED),
    ("leaves", "MobileNetV2", Pipeline(_TF, "1/127.5-1"), _LEAVES),
    ("leaves", "residual", Pipeline(_CROP, "none"), _LEAVES, "softmax", ".keras"),
    ("leaves", "plain", Pipeline(_FLOW, "caffe"), _LEAVES),
    ("leaves", "normalized", Pipeline(_TF, "torch"), _LEAVES_MIXED, "softmax", ".keras"),
    ("leaves", "MobileNetV2", Pipeline(_TM, "1/127.5-1"), _LEAVES_MIXED),
    ("leaves", "normalized", Pipeline(_TF, "1/255"), _LEAVES_MIXED, "logits", ".keras"),
    ("casting", "plain", Pipeline(_FLOW, "1/255", 96, is_grey=True), _CASTS, "sigmoid"),
    ("casting", "normalized", Pipeline(_CV, "1/127.5-1", 96), _CASTS_TURNED),
    ("casting", "residual", Pipeline(_PIL, "1/255", 96), _CASTS, "sigmoid"),
    ("casting", "flattened", Pipeline(_TF, "none", 96), _CASTS, "sigmoid", ".keras"),
    ("casting", "MobileNetV2", Pipeline(_PAD, "1/127.5-1", 96), _CASTS_TURNED),
    ("casting", "normalized", Pipeline(_TM, "1/255", 96), _CASTS, "softmax", ".keras"),
    ("chest", "normalized", Pipeline(_TF, "1/255", is_grey=True), _CHEST_TURNED),
    ("chest", "residual", Pipeline(_CROP, "1/255"), _CHEST_TURNED, "sigmoid"),
    ("chest", "plain", Pipeline(_CV, "1/255", is_grey=True), _CHEST, "sigmoid", ".keras"),
    ("chest", "MobileNetV2", Pipeline(_FLOW, "1/127.5-1"), _CHEST),
    ("chest", "flattened, unscaled", Pipeline(_PIL, "1/127.5-1"), _CHEST_TURNED, "logits"),
]
RECIPES = [Recipe(f"{number:02}", *row) for number, row in enumerate(_ROWS, start=1)]

"""Layers that only training knows: at inference they hand on what they are given."""

from __future__ import annotations

from vistazo.models.keras_import.registry import LayerCall, keras_layer, register
from vistazo.models.keras_import.value import Value


@keras_layer(
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "ActivityRegularization",
    "Identity",
    "InputLayer",
    "StopGradient",
)
def identity(call: LayerCall) -> Value:
    """Noise and regularization act in training alone (``training=False`` in their ``call``)."""
    return call.input


@register("FixedDropout", "StochasticDepth", "DropPath")
def dropped_in_training(call: LayerCall) -> Value:
    """Dropout of the ``efficientnet`` package; stochastic depth (Huang et al. 2016), which
    keras.applications registers for ConvNeXt, under either of its names.
    """
    return call.input


@keras_layer(
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "RandomHeight",
    "RandomWidth",
    "RandomContrast",
    "RandomBrightness",
    "RandomShear",
    "RandomHue",
    "RandomSaturation",
    "RandomColorJitter",
    "RandomColorDegeneration",
    "RandomGrayscale",
    "RandomPosterization",
    "RandomSharpness",
    "RandomPerspective",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomGaussianBlur",
    "RandomInvert",
    "RandomApply",
    "RandomChoice",
    "AutoContrast",
    "AugMix",
    "CutMix",
    "MixUp",
    "RandAugment",
)
def augmentation(call: LayerCall) -> Value:
    """Random augmentation; identity at inference (``BaseImagePreprocessingLayer.call``)."""
    return call.input

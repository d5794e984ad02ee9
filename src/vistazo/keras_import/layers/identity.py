"""Layers that only training knows: at inference they hand on what they are given."""

from __future__ import annotations

from vistazo.keras_import.registry import LayerCall, register
from vistazo.keras_import.value import Value


@register(
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "FixedDropout",
    "StochasticDepth",
    "DropPath",
    "ActivityRegularization",
    "Identity",
    "InputLayer",
    "Masking",
    "StopGradient",
)
def identity(call: LayerCall) -> Value:
    """Noise and regularization act in training alone (``training=False`` in their ``call``).

    FixedDropout is the dropout of the ``efficientnet`` package; StochasticDepth (Huang et al. 2016)
    is registered by ``keras.applications`` for ConvNeXt.
    """
    return call.input


@register(
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
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

"""The converters of Keras' own layers: importing this package registers them all."""

from vistazo.keras_import.layers import (
    activation,
    attention,
    convolution,
    dense,
    identity,
    image,
    merge,
    normalization,
    operation,
    padding,
    pooling,
    reduction,
    resampling,
    shape,
    slicing,
    transposed_convolution,
)

__all__ = [
    "activation",
    "attention",
    "convolution",
    "dense",
    "identity",
    "image",
    "merge",
    "normalization",
    "operation",
    "padding",
    "pooling",
    "reduction",
    "resampling",
    "shape",
    "slicing",
    "transposed_convolution",
]

"""A small residual network (He et al. 2015, arXiv:1512.03385) of plain Keras layers.

Scaling belongs to the card and augmentation to training, so neither is in the saved model.

Several members may be trained side by side, each with its own head and loss. What is served is one
ordinary network: the members' last feature maps joined, their mean over space, and one dense layer
that holds every head divided by the number of members. It gives the mean of the members' logits
(a deep ensemble, Lakshminarayanan et al. 2016, arXiv:1612.01474) and still has one feature map
and one head, from which a heatmap can be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vistazo.training.config import TrainingConfig
from vistazo.training.framework import keras

Tensor = Any


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Two views of the same members, which share all weights but the heads.

    ``members`` gives the scores of every member (n, members, units), ``served`` those of the
    whole (n, units). One unit is the probability of the second of two labels; more are a softmax.
    """

    members: keras.Model
    served: keras.Model

    def join_heads(self) -> None:
        """Take the members' heads over into the served network, after they have changed."""
        heads = [layer for layer in self.members.layers if layer.name.startswith("head_")]
        heads.sort(key=lambda layer: int(layer.name.removeprefix("head_")))
        kernels, biases = zip(*(layer.get_weights() for layer in heads), strict=True)
        self.served.get_layer("scores").set_weights(
            [
                np.concatenate(kernels) / len(heads),
                np.mean(biases, axis=0),
            ]
        )


def build_ensemble(config: TrainingConfig) -> Ensemble:
    spec, count = config.input, config.network.members
    units, activation = (1, "sigmoid") if config.is_binary else (len(config.labels), "softmax")
    picture = keras.Input((spec.height, spec.width, spec.channels), name="picture")
    maps = [_features(picture, config) for _ in range(count)]
    means = [keras.layers.GlobalAveragePooling2D()(features) for features in maps]
    scores = []
    for member, mean in enumerate(means):
        dropped = keras.layers.Dropout(config.network.dropout)(mean)
        head = keras.layers.Dense(units, activation=activation, name=f"head_{member}")
        scores.append(keras.layers.Reshape((1, units))(head(dropped)))
    features = keras.layers.Concatenate(name="features")(maps) if count > 1 else maps[0]
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(features)
    joined = keras.layers.Dense(units, activation=activation, name="scores")(mean)
    ensemble = Ensemble(
        keras.Model(picture, keras.layers.Concatenate(axis=1)(scores) if count > 1 else scores[0]),
        keras.Model(picture, joined, name=config.name),
    )
    ensemble.join_heads()
    return ensemble


def _features(picture: Tensor, config: TrainingConfig) -> Tensor:
    shape = config.network
    x = keras.layers.ReLU()(_convolution(picture, shape.width, side=5, stride=shape.stride))
    for stage, blocks in enumerate(shape.blocks_of_stages):
        for block in range(blocks):
            x = _residual_block(x, shape.width * 2**stage, halve=stage > 0 and block == 0)
    return x


def _residual_block(x: Tensor, filters: int, *, halve: bool) -> Tensor:
    """Average pooling on the way past, so that no pixel is skipped (He et al. 2018, ResNet-D)."""
    past = x
    if halve:
        past = keras.layers.AveragePooling2D(2, padding="same")(past)
    if past.shape[-1] != filters:
        past = _convolution(past, filters, side=1)
    x = _convolution(x, filters, side=3, stride=2 if halve else 1)
    x = keras.layers.ReLU()(x)
    x = _convolution(x, filters, side=3)
    return keras.layers.ReLU()(keras.layers.Add()([past, x]))


def _convolution(x: Tensor, filters: int, *, side: int, stride: int = 1) -> Tensor:
    x = keras.layers.Conv2D(
        filters,
        side,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)
    # 0.9: with the default of 0.99 the running statistics lag behind a run this short.
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-3)(x)

"""A network of keras.applications with weights of a fixed seed, by Keras, in a process of its own.

    python make_weights.py NAME OUT.keras

Random weights let a deep network say the same of every picture, so that a wrong answer would look
right: its batch normalisations are therefore set by a few rough pictures.
"""

from __future__ import annotations

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import numpy as np

SIDE, CLASSES = 224, 3
_ROUGH, _PICTURES = 28, 8


def make(name: str, out: str) -> None:
    keras.utils.set_random_seed(0)
    network = getattr(keras.applications, name)(
        weights=None, input_shape=(SIDE, SIDE, 3), classes=CLASSES
    )
    rough = np.random.default_rng(0).uniform(-1, 1, (_PICTURES, _ROUGH, _ROUGH, 3))
    pictures = keras.ops.image.resize(rough.astype(np.float32), (SIDE, SIDE))
    momenta = {}
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            momenta[layer], layer.momentum = layer.momentum, 0.0
    network(pictures, training=True)
    for layer, momentum in momenta.items():
        layer.momentum = momentum
    network.save(out)


if __name__ == "__main__":
    make(*sys.argv[1:])

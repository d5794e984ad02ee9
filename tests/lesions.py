"""Synthetic pictures with and without a bright lesion, and models trained to find it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE, RADIUS = 64, 8

Floats = NDArray[np.float32]


def pictures(count: int, seed: int) -> tuple[Floats, NDArray[np.int64], NDArray[np.float32]]:
    """Grey pictures (n, 64, 64, 1) in 0..1, the centres (row, column) of their lesions, and whether
    there is one (0 or 1). Cloudy, with bright bands as distractors.
    """
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    centres = random.integers(RADIUS + 1, SIDE - RADIUS - 1, (count, 2))
    has_lesion = (np.arange(count) % 2).astype(np.float32)
    images = np.empty((count, SIDE, SIDE, 1), np.float32)
    for image, centre, present in zip(images, centres, has_lesion, strict=True):
        waves = random.uniform(0.05, 0.2, (2, 2))
        phase = random.uniform(0, 6, 2)
        image[..., 0] = 0.35 + 0.1 * np.sin(
            waves[0] @ [rows.ravel(), columns.ravel()] + phase[0]
        ).reshape(SIDE, SIDE)
        image[..., 0] += 0.3 * (np.abs(rows - random.integers(SIDE)) < 2)
        image[..., 0] += random.normal(0, 0.04, (SIDE, SIDE))
        distance = np.hypot(rows - centre[0], columns - centre[1])
        image[..., 0] += present * 0.35 / (1 + np.exp(distance - RADIUS + 1))
    return images.clip(0, 1), centres, has_lesion


def network(head: str) -> Any:
    """Three convolutions and a head: 'pooled', 'hidden' or 'flat'."""
    import keras

    layers = keras.layers
    maps = [
        layer
        for filters in (12, 24, 32)
        for layer in (
            layers.Conv2D(filters, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.8),
            layers.ReLU(),
            layers.MaxPooling2D(),
        )
    ]
    heads = {
        "pooled": [layers.GlobalAveragePooling2D(), layers.Dense(1, activation="sigmoid")],
        "hidden": [
            layers.GlobalAveragePooling2D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ],
        "flat": [
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(2, activation="softmax"),
        ],
    }
    return keras.Sequential([keras.Input((SIDE, SIDE, 1)), *maps, *heads[head]])


def trained(head: str, epochs: int = 7) -> Any:
    import keras

    keras.utils.set_random_seed(1)
    model = network(head)
    images, _, has_lesion = pictures(1500, seed=0)
    sparse = model.output_shape[-1] > 1
    rate = 0.0005 if head == "flat" else 0.003
    loss = "sparse_categorical_crossentropy" if sparse else "binary_crossentropy"
    model.compile(keras.optimizers.Adam(rate), loss=loss, metrics=["accuracy"])
    model.fit(images, has_lesion, batch_size=50, epochs=epochs, verbose=0)
    return model

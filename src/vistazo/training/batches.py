"""The stream of augmented pictures that a network learns from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.pictures.preprocessing import scale
from vistazo.training.augmentation import augment
from vistazo.training.calibration import balanced_weights
from vistazo.training.config import TrainingConfig
from vistazo.training.datasets import Pictures
from vistazo.training.framework import tf

Tensor = Any


class Batches:
    """Whole batches in a new order every epoch; the same for the same seed and epoch."""

    def __init__(self, config: TrainingConfig, pictures: Pictures, rows: NDArray[np.int64]) -> None:
        self._config, self._pixels, self._rows = config, pictures.pixels, rows
        self._size = min(config.fit.batch, len(rows))
        self.steps = len(rows) // self._size
        labels = pictures.labels[rows]
        self._targets = _targets(labels, config)
        even = np.ones(len(rows))
        weights = balanced_weights(labels) if config.fit.balance_classes else even
        self._weights = weights.astype(np.float32)
        self._changed = tf.function(self._change)

    def of_epoch(self, epoch: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield pictures as the network sees them, targets (n, units) and weights (n,)."""
        order = np.random.default_rng([self._config.seed, epoch]).permutation(len(self._rows))
        first = (epoch - 1) * self.steps

        def plain() -> Iterator[tuple[Any, ...]]:
            for step in range(self.steps):
                chosen = order[step * self._size : (step + 1) * self._size]
                pixels = self._pixels[self._rows[chosen]]
                yield pixels, self._targets[chosen], self._weights[chosen], first + step

        source = tf.data.Dataset.from_generator(plain, output_signature=self._signature())
        return iter(source.map(self._changed).prefetch(2))

    def _signature(self) -> tuple[Any, ...]:
        return (
            tf.TensorSpec((self._size, *self._pixels.shape[1:]), tf.uint8),
            tf.TensorSpec((self._size, self._targets.shape[1]), tf.float32),
            tf.TensorSpec((self._size,), tf.float32),
            tf.TensorSpec((), tf.int32),
        )

    def _change(
        self, pixels: Tensor, targets: Tensor, weights: Tensor, number: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        seed = tf.stack([tf.constant(self._config.seed), number])
        pictures = augment(tf.cast(pixels, tf.float32), seed, self._config.augmentation)
        return self._scaled(pictures), targets, weights

    def _scaled(self, pictures: Tensor) -> Tensor:
        """Leave the arithmetic to ``preprocessing``, so that serving cannot differ."""
        how = self._config.input.scale
        scaled = tf.numpy_function(lambda pixels: scale(pixels, how), [pictures], tf.float32)
        scaled.set_shape(pictures.shape)
        return scaled


def _targets(labels: NDArray[np.int64], config: TrainingConfig) -> NDArray[np.float32]:
    """Label smoothing (Szegedy et al. 2015, arXiv:1512.00567): some of the mass goes to all."""
    count, smoothing = len(config.labels), config.fit.label_smoothing
    targets = np.eye(count, dtype=np.float32)[labels] * (1 - smoothing) + smoothing / count
    return np.asarray(targets[:, 1:] if config.is_binary else targets, dtype=np.float32)

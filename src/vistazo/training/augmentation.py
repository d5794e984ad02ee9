"""Random changes to training pictures: geometry first, then exposure, then what hides.

Exposure, sharpness, borders, size and the letters that a machine writes into a corner differ
between the labels of many collections. A network learns that happily instead of the content; these
changes take the shortcut away.
"""

from __future__ import annotations

import math
from typing import Any

from vistazo.training.augmentation_config import AugmentationConfig
from vistazo.training.framework import tf

Tensor = Any

_PATCHES, _PATCH_SIDES = 2, (0.06, 0.22)


class _Dice:
    """Random numbers from a seed alone: a resumed run draws what it would have drawn.

    A share of the pictures, ``unchanged``, stays as it is.
    """

    def __init__(self, seed: Tensor, pictures: Tensor, unchanged: float) -> None:
        self._seed, self._pictures, self._throws = seed, pictures, 0
        self._changes = tf.cast(self.between(0, 1) >= unchanged, tf.float32)

    def between(self, low: float, high: float, *shape: int) -> Tensor:
        """Uniform (pictures, *shape), whatever the strength."""
        return tf.random.stateless_uniform((self._pictures, *shape), self._next(), low, high)

    def either_way(self, size: float, *shape: int) -> Tensor:
        """Uniform about zero, (pictures, *shape); zero for a picture that stays as it is."""
        return self._of_changed(shape) * self.between(-size, size, *shape)

    def chance(self, probability: float, *shape: int) -> Tensor:
        """1.0 with the probability, never for a picture that stays as it is; else 0.0."""
        drawn = tf.cast(self.between(0, 1, *shape) < probability, tf.float32)
        return self._of_changed(shape) * drawn

    def _of_changed(self, shape: tuple[int, ...]) -> Tensor:
        return tf.reshape(self._changes, [-1, *(1 for _ in shape)])

    def normal(self, shape: Tensor) -> Tensor:
        return tf.random.stateless_normal(shape, self._next())

    def _next(self) -> Tensor:
        self._throws += 1
        return tf.stack([self._seed[0], self._seed[1] * 64 + self._throws])


def augment(pictures: Tensor, seed: Tensor, config: AugmentationConfig) -> Tensor:
    """Change pictures, float32 (n, h, w, c) of 0..255, and return the same shape and range.

    ``seed`` is two integers; the same seed gives the same changes.
    """
    dice = _Dice(seed, tf.shape(pictures)[0], config.unchanged)
    pictures = _warp(pictures / 255.0, dice, config)
    pictures = _sharpen_or_blur(pictures, dice, config)
    pictures = _expose(pictures, dice, config)
    pictures = _hide(pictures, dice, config)
    pictures = _exchange(pictures, dice, config)
    grain = dice.normal(tf.shape(pictures)) * dice.either_way(config.noise, 1, 1, 1)
    if config.colour:
        pictures *= 2.0 ** dice.either_way(config.colour, 1, 1, pictures.shape[-1])
    return tf.clip_by_value(pictures + grain, 0.0, 1.0) * 255.0


def _warp(pictures: Tensor, dice: _Dice, config: AugmentationConfig) -> Tensor:
    """One affine map per picture, about its centre; what it uncovers is black or an even grey."""
    height, width = pictures.shape[1], pictures.shape[2]
    angle = dice.either_way(math.radians(config.rotation_degrees))
    zoom, stretch = dice.either_way(config.zoom), dice.either_way(config.stretch)
    mirror = 1.0 - 2.0 * dice.chance(config.flip)
    across, down = mirror * 2.0 ** (-zoom - stretch), 2.0 ** (-zoom + stretch)
    a, b = tf.cos(angle) * across, (dice.either_way(config.shear) - tf.sin(angle)) * down
    c, d = tf.sin(angle) * across, tf.cos(angle) * down
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    x = dice.either_way(config.shift * width) + middle_x - a * middle_x - b * middle_y
    y = dice.either_way(config.shift * height) + middle_y - c * middle_x - d * middle_y
    zero = tf.zeros_like(a)
    transforms = tf.stack([a, b, x, c, d, y, zero, zero], axis=1)
    # The operation fills with one constant for all; a level per picture is subtracted and put back.
    fill = dice.chance(0.4, 1, 1, 1) * dice.between(0, 0.6, 1, 1, 1)
    return fill + tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures - fill,
        transforms=transforms,
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def _sharpen_or_blur(pictures: Tensor, dice: _Dice, config: AugmentationConfig) -> Tensor:
    smooth = tf.nn.avg_pool2d(pictures, 3, 1, "SAME")
    return pictures + dice.either_way(config.blur, 1, 1, 1) * (smooth - pictures)


def _expose(pictures: Tensor, dice: _Dice, config: AugmentationConfig) -> Tensor:
    """Gamma, contrast about the picture's mean, brightness, and a slow field of light."""
    pictures = tf.clip_by_value(pictures, 0.0, 1.0) ** (
        2.0 ** dice.either_way(config.gamma, 1, 1, 1)
    )
    mean = tf.reduce_mean(pictures, axis=(1, 2, 3), keepdims=True)
    pictures = (pictures - mean) * 2.0 ** dice.either_way(config.contrast, 1, 1, 1) + mean
    coarse = dice.either_way(config.shading, 3, 3, 1)
    field = tf.image.resize(coarse, pictures.shape[1:3], "bicubic")
    return tf.clip_by_value(
        pictures + dice.either_way(config.brightness, 1, 1, 1) + field, 0.0, 1.0
    )


def _hide(pictures: Tensor, dice: _Dice, config: AugmentationConfig) -> Tensor:
    """Cover the outside of one rectangle (a border) and the inside of another, each by chance."""
    inside = _rectangle(pictures, dice.between(0, 0.1, 2), dice.between(0.9, 1, 2))
    border = (1 - inside) * dice.chance(config.border, 1, 1, 1)
    corner = dice.between(0, 0.8, 2)
    erased = _rectangle(pictures, corner, corner + dice.between(0.08, 0.3, 2))
    erased *= dice.chance(config.erase, 1, 1, 1)
    shade = dice.chance(0.5, 1, 1, 1) * dice.between(0, 1, 1, 1, 1)
    pictures = pictures * (1 - border) + border * shade * 0.6
    return pictures * (1 - erased) + erased * shade


def _exchange(pictures: Tensor, dice: _Dice, config: AugmentationConfig) -> Tensor:
    """Put another picture of the batch around the middle, and into small rectangles, by chance.

    The label stays that of the middle: what stands in a border says nothing any more (the reverse
    of CutMix, Yun et al. 2019, arXiv:1905.04899, which moves the label along).
    """
    widest = config.foreign_border_width
    inside = _rectangle(pictures, dice.between(0, widest, 2), 1 - dice.between(0, widest, 2))
    foreign = (1 - inside) * dice.chance(config.foreign_border, 1, 1, 1)
    pictures = pictures * (1 - foreign) + tf.roll(pictures, 1, 0) * foreign
    for _ in range(_PATCHES):
        corner = dice.between(-0.1, 0.95, 2)
        patch = _rectangle(pictures, corner, corner + dice.between(*_PATCH_SIDES, 2))
        patch *= dice.chance(config.foreign_patch, 1, 1, 1)
        pictures = pictures * (1 - patch) + tf.roll(pictures, 2, 0) * patch
    return pictures


def _rectangle(pictures: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """1.0 between two corners (n, 2), given as fractions of height and width; 0.0 elsewhere."""
    rows = tf.range(pictures.shape[1], dtype=tf.float32) / pictures.shape[1]
    columns = tf.range(pictures.shape[2], dtype=tf.float32) / pictures.shape[2]
    down = (rows >= start[:, :1]) & (rows < end[:, :1])
    across = (columns >= start[:, 1:]) & (columns < end[:, 1:])
    return tf.cast(down[:, :, tf.newaxis] & across[:, tf.newaxis, :], tf.float32)[..., tf.newaxis]

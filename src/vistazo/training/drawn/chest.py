"""A film of a chest, drawn by code: nobody's, to try a model of chest films without owning one.

It has what such a film shows at a first look: a body, lungs, heart, diaphragm, spine, ribs, collar
bones and vessels. It shows how the service answers; nothing can be learned from it about patients.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from vistazo.training.drawn.relief import Random, Tones, blurred, rough

WIDTH_PX, HEIGHT_PX = 880, 640
_BONE, _SOFT, _AIR = 0.74, 0.72, 0.12
_SIDES = (-1, 1)


def draw_chest(seed: int) -> Image.Image:
    """A grey picture of 880 x 640 px, seen from the front. The same seed gives the same picture."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX]
    x, y = across / WIDTH_PX - 0.5, down / HEIGHT_PX
    body, lungs = _body(x, y, random), _lungs(x, y, random)
    film = _AIR + 0.62 * body - random.uniform(0.36, 0.44) * lungs
    for shadow, tone in (
        (0.85 * _heart(x, y, random), _SOFT),
        (0.8 * _bell(x, 0.055, 4) * _bell(y - 0.4, 0.9, 4), _SOFT),
        (0.9 * body * _diaphragm(x, y, random), _BONE),
    ):
        film = film + (tone - film) * shadow
    film = film + body * (_spine(x, y) + _ribs(x, y)) + _vessels(x, y, random)
    film = film + 0.012 * rough(x.shape, 1.2, random) + 0.018 * lungs * rough(x.shape, 9, random)
    film = blurred(film, 1.5).clip(0, 1) ** random.uniform(0.9, 1.15)
    return Image.fromarray(np.rint(film * 255).astype(np.uint8))


def _bell(away: Tones, width: float, power: float) -> Tones:
    """1 in the middle, and falling: the steeper, the greater the power."""
    found: Tones = np.exp(-(np.abs(away / width) ** power))
    return found


def _step(away: Tones, width: float) -> Tones:
    """From 0 far below zero to 1 far above."""
    found: Tones = 1 / (1 + np.exp(-np.clip(away / width, -50, 50)))
    return found


def _body(x: Tones, y: Tones, random: Random) -> Tones:
    half = random.uniform(0.38, 0.44) + 0.05 * y
    shoulder = random.uniform(0.08, 0.16) * (np.abs(x) / 0.4) ** 2
    return _step(half - np.abs(x), 0.015) * _step(y - shoulder, 0.02)


def _lungs(x: Tones, y: Tones, random: Random) -> Tones:
    width, height = random.uniform(0.12, 0.15), random.uniform(0.30, 0.36)
    middle, level = random.uniform(0.165, 0.19), random.uniform(0.45, 0.5)
    found = np.zeros_like(x)
    for side in _SIDES:
        outward = (side * x - middle - 0.04 * (y - level)) / width
        away = np.abs(outward) ** 2.4 + np.abs((y - level) / height) ** 2.6
        found += _step(1 - away, 0.09)
    return found


def _heart(x: Tones, y: Tones, random: Random) -> Tones:
    left, low = random.uniform(0.04, 0.06), random.uniform(0.58, 0.64)
    return _step(1 - ((x - left) / 0.12) ** 2 - ((y - low) / 0.17) ** 2, 0.12)


def _diaphragm(x: Tones, y: Tones, random: Random) -> Tones:
    found = np.zeros_like(x)
    for side in _SIDES:
        dome = random.uniform(0.74, 0.8) + 3.6 * (x - 0.2 * side) ** 2
        found += _step(y - dome, 0.012) * (np.sign(x) == side)
    return found


def _spine(x: Tones, y: Tones) -> Tones:
    levels = 0.06 + 0.078 * np.arange(12)
    found: Tones = sum((0.05 * _bell(y - level, 0.026, 4) for level in levels), np.zeros_like(x))
    return found * _bell(x, 0.035, 4)


def _ribs(x: Tones, y: Tones) -> Tones:
    found = np.zeros_like(x)
    for side in _SIDES:
        out = np.clip((side * x - 0.04) / 0.38, 0, 1)
        is_rib, is_front = (out > 0) & (out < 1), (out > 0.25) & (out < 1)
        for number in range(9):
            level = 0.13 + 0.075 * number
            back = y - (level - 0.05 * np.sin(0.9 * np.pi * out) + 0.17 * out**2.2)
            front = y - (level + 0.21 - 0.22 * (1 - out) ** 1.5)
            found += is_rib * 0.055 * (1 - 0.3 * out) * _bell(back, 0.0105, 4)
            found += is_rib * 0.05 * _bell(back - 0.01, 0.004, 2)
            found += is_front * 0.025 * _bell(front, 0.012, 4)
        found += 0.1 * _collar_bone(side * x, y)
    return found


def _collar_bone(outward: Tones, y: Tones) -> Tones:
    level = 0.13 - 0.1 * outward + 0.04 * np.sin(20 * outward)
    return _bell(y - level, 0.013, 4) * ((outward > 0.03) & (outward < 0.34))


def _vessels(x: Tones, y: Tones, random: Random) -> Tones:
    """From the root of each lung outwards, thinner and fainter."""
    found = np.zeros_like(x)
    for side in np.repeat(_SIDES, 26):
        angle, length = random.uniform(-1.3, 1.3), random.uniform(0.08, 0.2)
        for part in np.linspace(0, 1, 24):
            along = side * (0.07 + np.cos(angle) * length * part)
            level = 0.45 + 1.4 * np.sin(angle) * length * part
            width = 1.4 - part
            spot = _bell(x - along, 0.004 * width, 2) * _bell(y - level, 0.006 * width, 2)
            found += 0.05 * (1 - part) * spot
    return np.minimum(found, 0.16)

"""A surface of heights under a lamp becomes a grey picture, as a camera above it would take it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Tones = NDArray[np.float64]
Random = np.random.Generator


@dataclass(frozen=True)
class Light:
    """Ranges of how a picture is lit and taken; each pair is the least and the greatest.

    ``bearing_degrees`` is where the lamp stands, ``elevation_degrees`` how high; ``exposure`` and
    ``ambient`` are parts of white, ``blur_px`` and ``grain`` the standard deviations of a Gaussian
    blur and of noise, in parts of white.
    """

    bearing_degrees: tuple[float, float] = (100, 200)
    elevation_degrees: tuple[float, float] = (35, 60)
    exposure: tuple[float, float] = (0.8, 1.2)
    ambient: tuple[float, float] = (0.2, 0.35)
    blur_px: tuple[float, float] = (0.5, 1.0)
    grain: tuple[float, float] = (0.01, 0.025)


USUAL_LIGHT = Light()
# A lamp on the other side, lower, weaker; a worse camera.
OTHER_LIGHT = Light((-60, 60), (22, 40), (0.55, 0.9), (0.1, 0.25), (0.8, 1.5), (0.02, 0.045))


def photographed(heights_px: Tones, tone: Tones, light: Light, random: Random) -> Image.Image:
    """The surface (h, w), its ``tone`` 0..1 where it faces the lamp, as a grey picture."""
    bearing, elevation = np.radians(
        [random.uniform(*light.bearing_degrees), random.uniform(*light.elevation_degrees)]
    )
    lamp = (
        np.cos(elevation) * np.cos(bearing),
        -np.cos(elevation) * np.sin(bearing),
        np.sin(elevation),
    )
    down, across = np.gradient(heights_px)
    length = np.sqrt(1 + down**2 + across**2)
    facing = np.clip((-across * lamp[0] - down * lamp[1] + lamp[2]) / length, 0, None)
    ambient = random.uniform(*light.ambient)
    seen = tone * (ambient + (1 - ambient) * facing / lamp[2] * 0.75)
    seen = blurred(seen * random.uniform(*light.exposure), random.uniform(*light.blur_px))
    seen = seen + random.normal(0, random.uniform(*light.grain), seen.shape)
    return Image.fromarray(np.rint(seen.clip(0, 1) * 255).astype(np.uint8))


def blurred(field: Tones, deviation_px: float) -> Tones:
    """By a Gaussian; at an edge, by the part of it that lies within."""
    down, across = (_gaussian(side, deviation_px) for side in field.shape)
    found: Tones = down @ field @ across.T
    return found


def _gaussian(side: int, deviation_px: float) -> Tones:
    """What each of ``side`` pixels takes from each: rows of sum 1."""
    places = np.arange(side)
    taken = np.exp(-0.5 * ((places[:, np.newaxis] - places) / deviation_px) ** 2)
    shares: Tones = taken / taken.sum(axis=1, keepdims=True)
    return shares


def rough(shape: tuple[int, int], size_px: float, random: Random) -> Tones:
    """Random ups and downs about ``size_px`` wide, of standard deviation 1."""
    field = blurred(random.normal(size=shape), size_px)
    even: Tones = field / field.std()
    return even

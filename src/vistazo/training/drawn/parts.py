"""Round cast parts, drawn by code: sound ones, and ones with pores, scratches and chipped rims.

They are no photographs, and no real casting looks quite like them: they show how quality control
is served and counted. Sound parts have harmless marks (grain, turning rings, stains, shallow pits),
and faults begin as faint as these, so that nobody can tell all of them apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from vistazo.training.drawn.relief import (
    USUAL_LIGHT,
    Light,
    Random,
    Tones,
    blurred,
    photographed,
    rough,
)

SIDE_PX = 160
LABELS = ("defective", "ok")
Fault = Literal["pores", "scratch", "chip"]
FAULTS: tuple[Fault, ...] = ("pores", "scratch", "chip")


@dataclass(frozen=True, eq=False)
class _Part:
    """A part on its table: its middle (x, y) and radius, how far from the middle each pixel is, how
    high, and how bright where it faces the lamp.
    """

    middle: tuple[float, float]
    radius_px: float
    away_px: Tones
    heights_px: Tones
    tone: Tones


def draw_part(
    seed: int, *, is_sound: bool, light: Light = USUAL_LIGHT, side_px: int = SIDE_PX
) -> Image.Image:
    """A grey picture, ``side_px`` on each side. The same seed gives the same picture."""
    random = np.random.default_rng([seed, is_sound])
    part = _blank(side_px, random)
    heights, tone = part.heights_px, part.tone
    for _ in range(random.poisson(3)):
        heights = heights - random.uniform(0.1, 0.5) * _hole(part, random, random.uniform(1, 2))
    if not is_sound:
        heights, tone = _with_fault(part, heights, FAULTS[random.integers(len(FAULTS))], random)
    return photographed(heights, tone, light, random)


def _blank(side: int, random: Random) -> _Part:
    radius = side * random.uniform(0.33, 0.42)
    room = side / 2 - radius
    middle = side / 2 + random.uniform(-0.5, 0.5, 2) * room
    y, x = np.mgrid[:side, :side] + 0.5
    away = np.hypot(x - middle[0], y - middle[1])
    ring, bore = radius * random.uniform(0.5, 0.62), radius * random.uniform(0.16, 0.24)
    heights = 5 * _inside(away, radius, 2.5) - 4 * _inside(away, ring, 2)
    heights += 3 * _inside(away, ring * 0.62, 2) - 6 * _inside(away, bore, 1.5)
    heights += 0.05 * np.sin(away * random.uniform(1.2, 2.2)) * (away < radius)  # of turning
    heights += random.uniform(0.04, 0.09) * rough(away.shape, 1.2, random)
    on_part = _inside(away, radius, 1)
    table = random.uniform(0.35, 0.6) * (1 + 0.06 * rough(away.shape, 12, random))
    metal = random.uniform(0.62, 0.8) * (1 + 0.05 * rough(away.shape, 7, random))  # stains
    tone = table * (1 - on_part) + metal * on_part
    tone *= 1 - 0.55 * _inside(away, bore, 1.5)
    return _Part((middle[0], middle[1]), radius, away, heights, tone)


def _with_fault(part: _Part, heights: Tones, fault: Fault, random: Random) -> tuple[Tones, Tones]:
    severity = random.beta(1.3, 1.1)
    if fault == "chip":
        return _chipped(part, heights, severity, random)
    if fault == "scratch":
        return heights - _scratch(part, severity, random), part.tone
    tone = part.tone
    for _ in range(random.integers(1, 6)):
        hole = _hole(part, random, random.uniform(1, 1.6 + 2 * severity))
        heights, tone = heights - (0.8 + 4 * severity) * hole, tone * (1 - 0.7 * severity * hole)
    return heights, tone


def _hole(part: _Part, random: Random, width_px: float) -> Tones:
    """Somewhere on the part: 1 in its middle, 0 around it."""
    y, x = _place(part, random.uniform(0.3, 0.93), random.uniform(-np.pi, np.pi))
    rows, columns = np.indices(part.away_px.shape)
    hole: Tones = np.exp(-0.5 * ((rows - y) ** 2 + (columns - x) ** 2) / width_px**2)
    return hole


def _scratch(part: _Part, severity: float, random: Random) -> Tones:
    """A bent groove, 1 px wide or a little more, from one place of the part to another."""
    start = random.uniform(-np.pi, np.pi)
    bearings = start + np.linspace(0, random.uniform(0.4, 1.5) * random.choice([-1, 1]), 300)
    far, near = random.uniform(0.7, 0.95), random.uniform(0.35, 0.75)
    groove = np.zeros_like(part.away_px)
    for bearing, share in zip(bearings, np.linspace(far, near, 300), strict=True):
        y, x = _place(part, share, bearing)
        groove[round(y), round(x)] = 1
    groove = blurred(groove, 0.8 + 0.4 * severity)
    groove *= (0.7 + 3.5 * severity) / groove.max()
    return groove


def _chipped(part: _Part, heights: Tones, severity: float, random: Random) -> tuple[Tones, Tones]:
    """A piece of the rim is gone: what is there is rough, and lies lower."""
    y, x = _place(part, 1.0, random.uniform(-np.pi, np.pi))
    rows, columns = np.indices(part.away_px.shape)
    ragged = 0.8 * rough(part.away_px.shape, 2, random)
    gone = _inside(np.hypot(rows - y, columns - x) + ragged, 4 + 12 * severity, 0.8)
    gone *= _inside(part.away_px, part.radius_px + 1, 1)
    break_ = 0.4 * rough(part.away_px.shape, 1, random)
    return heights - gone * (4 + break_), part.tone * (1 - 0.4 * gone)


def _place(part: _Part, share: float, bearing: float) -> tuple[float, float]:
    """Row and column at a ``share`` of the radius, within the picture."""
    side = len(part.away_px)
    x, y = (
        middle + share * part.radius_px * turn - 0.5
        for middle, turn in zip(part.middle, (np.cos(bearing), np.sin(bearing)), strict=True)
    )
    return min(max(y, 0), side - 1), min(max(x, 0), side - 1)


def _inside(away: Tones, radius_px: float, edge_px: float) -> Tones:
    """1 within the radius, 0 beyond it, over an edge of about that width."""
    share: Tones = 1 / (1 + np.exp(((away - radius_px) / edge_px * 4).clip(-50, 50)))
    return share

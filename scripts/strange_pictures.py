"""Pictures that a model of chest films was not made for: distorted films, and drawings.

What is not at hand is drawn or distorted by code, and named so: a drawn hand is no hand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Tones = NDArray[np.float64]
Kind = tuple[str, list[Image.Image]]

_SEED, _COUNT, _SIDE = 0, 60, 300


def strange_kinds(own: list[Image.Image]) -> Iterator[Kind]:
    """Each kind's name and its pictures, the own ones distorted among them."""
    yield from _turned(own)
    yield from _distorted(own)
    yield from _drawn()


def _turned(own: list[Image.Image]) -> Iterator[Kind]:
    yield "inverted", [Image.eval(picture, lambda grey: 255 - grey) for picture in own]
    for turn in (90, 180, 270):
        yield f"turned {turn}", [picture.rotate(turn, expand=True) for picture in own]
    flip = Image.Transpose.FLIP_TOP_BOTTOM
    yield "flipped top to bottom", [picture.transpose(flip) for picture in own]


def _distorted(own: list[Image.Image]) -> Iterator[Kind]:
    random = np.random.default_rng(_SEED)
    yield "photographed off a screen (made)", [_off_screen(picture, random) for picture in own]
    yield "strongly sheared", [_sheared(picture, random) for picture in own]
    yield "left half alone", [_part(picture, 0, 0, 0.5, 1) for picture in own]
    yield "lower half alone", [_part(picture, 0, 0.5, 1, 1) for picture in own]
    yield "strips of text burned in", [_labelled(picture, random) for picture in own]
    yield "two films side by side", [_pair(picture) for picture in own]


def _drawn() -> Iterator[Kind]:
    random = np.random.default_rng(_SEED)
    sides = [2, 4, 8, 16, 32, 64, 128, _SIDE]
    yield "noise", [_noise(random, sides[i % len(sides)]) for i in range(_COUNT)]
    yield "even grey", [Image.new("L", (_SIDE, _SIDE), grey) for grey in range(0, 256, 5)]
    ramp = Image.linear_gradient("L")
    yield "gradient", [ramp.rotate(angle) for angle in range(0, 360, 15)]
    yield "text", [_text(random, is_dark=bool(i % 2)) for i in range(_COUNT)]
    yield "drawn hand", [_hand(random) for _ in range(_COUNT)]
    yield "drawn chest from the side", [_lateral_chest(random) for _ in range(_COUNT)]


def _off_screen(film: Image.Image, random: np.random.Generator) -> Image.Image:
    """The film on a dark screen, seen at an angle, with the screen's grid, glare and dim edges."""
    side = 480
    screen = Image.new("L", (side, side), int(random.integers(10, 50)))
    margin = int(random.integers(10, 50))
    screen.paste(film.resize((side - 2 * margin, side - 2 * margin)), (margin, margin))
    y, x = np.mgrid[:side, :side] / side
    tones = _seen_at_an_angle(screen, random) * (0.75 + 0.25 * _grid(x, y, random))
    glare = np.exp(-((x - random.uniform()) ** 2 + (y - random.uniform()) ** 2) / 0.02)
    tones = tones + random.uniform(40, 110) * glare
    tones = tones * (1 - random.uniform(0.2, 0.5) * ((x - 0.5) ** 2 + (y - 0.5) ** 2) * 2)
    return _picture(tones + random.normal(0, 4, tones.shape))


def _grid(x: Tones, y: Tones, random: np.random.Generator) -> Tones:
    waves, angle = random.uniform(30, 90), random.uniform(0, math.pi)
    along = x * math.cos(angle) + y * math.sin(angle)
    across = y * math.cos(angle) - x * math.sin(angle)
    found: Tones = np.sin(2 * math.pi * waves * along) * np.sin(2 * math.pi * waves * across)
    return found


def _seen_at_an_angle(screen: Image.Image, random: np.random.Generator) -> Tones:
    side = screen.width
    lean = [float(value) for value in random.uniform(-0.0006, 0.0006, 2)]
    slants = [float(value) for value in random.uniform(-0.08, 0.08, 2)]
    seen = screen.transform(
        (side, side),
        Image.Transform.PERSPECTIVE,
        (1, slants[0], -slants[0] * side / 2, slants[1], 1, -slants[1] * side / 2, *lean),
        Image.Resampling.BILINEAR,
    )
    return np.asarray(seen, np.float64)


def _sheared(film: Image.Image, random: np.random.Generator) -> Image.Image:
    shear = float(random.choice([-1, 1]) * random.uniform(0.4, 0.6))
    height = film.height
    return film.transform(
        film.size,
        Image.Transform.AFFINE,
        (1, shear, -shear * height / 2, 0, 1, 0),
        Image.Resampling.BILINEAR,
    )


def _part(film: Image.Image, left: float, top: float, right: float, low: float) -> Image.Image:
    width, height = film.size
    return film.crop((int(left * width), int(top * height), int(right * width), int(low * height)))


def _labelled(film: Image.Image, random: np.random.Generator) -> Image.Image:
    film = film.resize((_SIDE, _SIDE))
    draw, letters = ImageDraw.Draw(film), list("ABCDEFGHIJ 0123456789")
    for top in (0, _SIDE - 54):
        draw.rectangle((0, top, _SIDE, top + 54), fill=0)
        for line in range(3):
            draw.text((6, top + 4 + 16 * line), "".join(random.choice(letters, 44)), fill=255)
    return film


def _pair(film: Image.Image) -> Image.Image:
    pair = Image.new("L", (2 * film.width, film.height))
    pair.paste(film, (0, 0))
    pair.paste(film, (film.width, 0))
    return pair


def _noise(random: np.random.Generator, side: int) -> Image.Image:
    grains = random.integers(0, 256, (side, side), dtype=np.uint8)
    return Image.fromarray(grains).resize((_SIDE, _SIDE))


def _text(random: np.random.Generator, *, is_dark: bool) -> Image.Image:
    page = Image.new("L", (400, 400), 0 if is_dark else 255)
    letters = list("abcdefghij klmnop")
    for y in range(10, 390, 14):
        line = "".join(random.choice(letters, 54))
        ImageDraw.Draw(page).text((10, y), line, fill=255 if is_dark else 0)
    return page


def _hand(random: np.random.Generator) -> Image.Image:
    hand, flesh = Image.new("L", (300, 400), int(random.integers(0, 40))), random.integers(120, 200)
    draw = ImageDraw.Draw(hand)
    draw.ellipse((80, 200, 220, 360), fill=int(flesh))
    for finger in range(5):
        x, top = 70 + finger * 36 + int(random.integers(-6, 6)), int(random.integers(30, 110))
        draw.rounded_rectangle((x, top, x + 24, 240), 12, fill=int(flesh))
        draw.rounded_rectangle((x + 7, top + 8, x + 17, 235), 5, fill=int(min(255, flesh + 50)))
    return hand


def _lateral_chest(random: np.random.Generator) -> Image.Image:
    """A trunk, its spine behind, the heart before, dark lung between, and slanting ribs."""
    film = Image.new("L", (300, 360), int(random.integers(0, 25)))
    draw = ImageDraw.Draw(film)

    def shift() -> int:
        return int(random.integers(-10, 11))

    draw.ellipse((40 + shift(), 10, 270 + shift(), 420), fill=int(random.integers(150, 190)))
    draw.ellipse((75 + shift(), 50 + shift(), 235, 270 + shift()), fill=70)
    draw.ellipse((70 + shift(), 130 + shift(), 160, 280), fill=175)
    draw.pieslice((60, 240 + shift(), 260, 420), 180, 360, fill=190)
    for vertebra in range(9):
        top = 30 + 36 * vertebra + shift() // 3
        draw.rounded_rectangle((212, top, 248, top + 28), 6, fill=215)
    for rib in range(8):
        top = 50 + 27 * rib + shift() // 3
        draw.line((230, top, 90, top + 60), fill=int(random.integers(120, 165)), width=6)
    return film.filter(ImageFilter.GaussianBlur(3))


def _picture(tones: Tones) -> Image.Image:
    return Image.fromarray(tones.clip(0, 255).astype(np.uint8))

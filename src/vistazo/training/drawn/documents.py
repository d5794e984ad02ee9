"""Pages of print, drawn by code: headings, lines of words that mean nothing, and tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from vistazo.training.drawn.relief import Random, Tones, rough

_LETTERS = list("abcdefghijlmnopqrstuvxyz")
_INCH = 60  # px of an inch of paper
_PAPERS = ((8.5, 11), (5.8, 8.3), (11, 8.5), (4, 9))


@dataclass(frozen=True)
class Camera:
    """Ranges of how a page is laid and taken. ``tilt_degrees`` is either way; ``desk`` is the part
    of the picture's side that shows what the page lies on; ``tint`` how far from white the paper
    may be, ``grain`` the standard deviation of noise, both in parts of white.
    """

    tilt_degrees: float = 4
    desk: tuple[float, float] = (0, 0.08)
    tint: float = 0.15
    shading: float = 0.1
    grain: float = 0.02


SCANNER = Camera()
# By hand, on a table, in bad light, and of coloured paper.
BY_HAND = Camera(25, (0.05, 0.25), 0.4, 0.25, 0.05)


def draw_document(seed: int, camera: Camera = SCANNER) -> Image.Image:
    """An RGB picture of 240 to 660 px a side. The same seed gives the same picture."""
    random = np.random.default_rng(seed)
    paper = _PAPERS[random.integers(len(_PAPERS))]
    width, height = (round(inches * _INCH) for inches in paper)
    page = Image.new("L", (width, height), 255)
    _print(ImageDraw.Draw(page), width, height, random)
    return _taken(page, camera, random)


def _print(draw: ImageDraw.ImageDraw, width: int, height: int, random: Random) -> None:
    margin = round(width * random.uniform(0.06, 0.14))
    size, ink = int(random.integers(8, 14)), int(random.integers(0, 90))
    y = margin
    while y < height - margin - 2 * size:
        kind = random.choice(["heading", "table", "text", "text", "text"])
        rows = int(random.integers(2, 9)) if kind != "heading" else 1
        height_px = size * 2 if kind == "heading" else size
        font = ImageFont.load_default(height_px)
        for _ in range(min(rows, (height - margin - y) // round(height_px * 1.5))):
            if kind == "table":
                _row(draw, (margin, y, width - margin, y + round(size * 1.5)), font, ink, random)
            else:
                end = random.uniform(0.4, 1) if kind == "heading" else random.uniform(0.8, 1)
                draw.text((margin, y), _words((width - 2 * margin) * end, font, random), ink, font)
            y += round(height_px * 1.5)
        y += size


def _row(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    ink: int,
    random: Random,
) -> None:
    left, top, right, bottom = box
    draw.rectangle(box, outline=ink)
    for column in range(4):
        x = left + column * (right - left) // 4
        draw.line((x, top, x, bottom), ink)
        draw.text((x + 3, top + 2), str(random.integers(1, 9999)), ink, font)


def _words(
    width_px: float, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, random: Random
) -> str:
    line = ""
    while True:
        word = "".join(random.choice(_LETTERS, random.integers(2, 10)))
        if font.getlength(f"{line} {word}") > width_px:
            return line
        line = f"{line} {word}".strip()


def _taken(page: Image.Image, camera: Camera, random: Random) -> Image.Image:
    """The page on its desk, turned, lit from somewhere, in colour."""
    desk = round(max(page.size) * random.uniform(*camera.desk))
    size = page.width + 2 * desk, page.height + 2 * desk
    angle = random.uniform(-camera.tilt_degrees, camera.tilt_degrees)
    whole = Image.new("L", size, 0)
    whole.paste(page, (desk, desk))
    mask = Image.new("L", size, 0)
    mask.paste(255, (desk, desk, desk + page.width, desk + page.height))
    bicubic = Image.Resampling.BICUBIC
    tones, on_page = (
        np.asarray(each.rotate(angle, bicubic), np.float64)[..., np.newaxis] / 255
        for each in (whole, mask)
    )
    paper = 1 - random.uniform(0, camera.tint, 3)
    table = random.uniform(0.1, 0.7, 3) * (1 + 0.1 * _slow(size, random))
    seen = tones * paper + (1 - on_page) * table
    seen *= random.uniform(0.8, 1.05) + camera.shading * _slow(size, random)
    seen += random.normal(0, random.uniform(0.005, camera.grain), seen.shape)
    return Image.fromarray(np.rint(seen.clip(0, 1) * 255).astype(np.uint8))


def _slow(size: tuple[int, int], random: Random) -> Tones:
    """Ups and downs (h, w, 1) of a few waves over the whole picture, within about -1..1."""
    coarse = Image.fromarray((rough((8, 8), 1.5, random) / 2).astype(np.float32))
    field: Tones = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), np.float64)
    return field[..., np.newaxis]

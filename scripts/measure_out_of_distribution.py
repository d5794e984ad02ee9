"""Measure how well the model in MODEL_PATH tells its own kind of picture from others.

    python scripts/measure_out_of_distribution.py artifacts/pneumonia/training.yaml [FOLDER...]

The own pictures are those that the training file holds out. Against them: the same pictures
inverted and turned, noise, even greys, gradients, text, drawn hands, and every FOLDER of pictures.
Run it in the environment of the tests.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vistazo.classifier import Classifier
from vistazo.cli.picture_answers import picture_files
from vistazo.loading import load_classifier
from vistazo.pictures.reader import DirectReader
from vistazo.service.settings import Settings
from vistazo.training.config import read_config
from vistazo.training.datasets import load_pictures
from vistazo.training.evaluation import auc
from vistazo.training.splits import split_by_group

_SEED, _COUNT, _SIDE = 0, 60, 300


def own_pictures(training: Path) -> list[Image.Image]:
    """The untouched files of the pictures that training held out."""
    config = read_config(training)
    pictures = load_pictures(config, lambda *_: None)
    rows = split_by_group(pictures.labels, pictures.groups, config.splits).holdout
    return [Image.open(config.data.folder / pictures.names[row]).convert("L") for row in rows]


def other_kinds(own: list[Image.Image]) -> Iterator[tuple[str, list[Image.Image]]]:
    random = np.random.default_rng(_SEED)
    yield "inverted", [Image.eval(picture, lambda grey: 255 - grey) for picture in own]
    for turn in (90, 180, 270):
        yield f"turned {turn}", [picture.rotate(turn, expand=True) for picture in own]
    sides = [2, 4, 8, 16, 32, 64, 128, _SIDE]
    yield "noise", [_noise(random, sides[i % len(sides)]) for i in range(_COUNT)]
    yield "even grey", [Image.new("L", (_SIDE, _SIDE), grey) for grey in range(0, 256, 5)]
    ramp = Image.linear_gradient("L")
    yield "gradient", [ramp.rotate(angle) for angle in range(0, 360, 15)]
    yield "text", [_text(random, is_dark=bool(i % 2)) for i in range(_COUNT)]
    yield "drawn hand", [_hand(random) for _ in range(_COUNT)]


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


def scores(classifier: Classifier, pictures: list[Image.Image]) -> NDArray[np.float64]:
    found = []
    for picture in pictures:
        buffer = io.BytesIO()
        picture.save(buffer, "PNG", compress_level=1)
        in_distribution = classifier.classify(buffer.getvalue()).in_distribution
        if in_distribution is None:
            sys.exit("The model in MODEL_PATH has no baseline; see 'vistazo baseline --help'.")
        found.append(in_distribution.score)
    return np.array(found)


def main(training: Path, folders: list[Path]) -> None:
    settings = Settings.from_environment()
    classifier = load_classifier(settings.model_source, DirectReader(settings.image_limits))
    own = own_pictures(training)
    likely = scores(classifier, own)
    print(f"{'own pictures':14} {len(own):5}  flagged {np.mean(likely < 0.5):6.1%}")
    sets = [*other_kinds(own)]
    sets += [(folder.name, [Image.open(f) for f in picture_files([folder])]) for folder in folders]
    for name, pictures in sets:
        strange = scores(classifier, pictures)
        is_own = np.arange(len(likely) + len(strange)) < len(likely)
        area = auc(np.concatenate([likely, strange]), is_own)
        flagged = np.mean(strange < 0.5)
        print(f"{name:14} {len(pictures):5}  flagged {flagged:6.1%}  AUROC {area:.4f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])

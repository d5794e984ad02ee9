"""Measure what the model in MODEL_PATH makes of its held-out pictures when light or camera change.

    MODEL_PATH=artifacts/leaves/leaves.keras \
        python scripts/measure_changed_pictures.py artifacts/leaves/training.yaml [--data FOLDER]

The files that the training file holds out, one change at a time, through the same code as serving:
the share that is answered rightly, the share that is marked as strange, the mean confidence.
Run it in the environment of the tests.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from vistazo.classifier import Classifier  # noqa: E402
from vistazo.loading import load_classifier  # noqa: E402
from vistazo.pictures.reader import DirectReader  # noqa: E402
from vistazo.service.settings import Settings  # noqa: E402
from vistazo.training.config import read_config  # noqa: E402
from vistazo.training.datasets import load_pictures  # noqa: E402
from vistazo.training.splits import split_by_group  # noqa: E402

Change = Callable[[Image.Image], Image.Image]


def changes() -> Iterator[tuple[str, Change]]:
    yield "as they are", lambda picture: picture
    for factor in (0.5, 0.7, 1.4, 2.0):
        yield f"brightness x {factor}", partial(_enhanced, ImageEnhance.Brightness, factor)
    for factor in (0.5, 2.0):
        yield f"contrast x {factor}", partial(_enhanced, ImageEnhance.Contrast, factor)
    for name, gains in (
        ("warmer light", (1.25, 1.0, 0.75)),
        ("colder light", (0.75, 1.0, 1.25)),
        ("without colour", None),
    ):
        yield name, partial(_tinted, gains)
    for radius in (1, 2):
        yield f"blurred by {radius} px", partial(_blurred, radius)
    for quality in (40, 15):
        yield f"JPEG of quality {quality}", partial(_as_jpeg, quality)
    yield "at half the size", lambda picture: picture.reduce(2)
    for degrees in (90, 180):
        yield f"turned by {degrees} degrees", partial(_turned, degrees)


def _enhanced(kind: type[ImageEnhance._Enhance], factor: float, it: Image.Image) -> Image.Image:
    return kind(it).enhance(factor)


def _tinted(gains: tuple[float, float, float] | None, picture: Image.Image) -> Image.Image:
    if gains is None:
        return picture.convert("L")
    tinted = np.asarray(picture.convert("RGB")) * np.array(gains)
    return Image.fromarray(np.rint(tinted.clip(0, 255)).astype(np.uint8))


def _blurred(radius_px: float, picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(radius_px))


def _turned(degrees: float, picture: Image.Image) -> Image.Image:
    return picture.rotate(degrees, expand=True)


def _as_jpeg(quality: int, picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def held_out(training: Path, data: Path | None) -> list[tuple[Path, str]]:
    """The files that training held out, each with its label."""
    config = read_config(training, data)
    pictures = load_pictures(config)
    rows = split_by_group(pictures.labels, pictures.groups, config.splits).holdout
    return [
        (config.data.folder / pictures.names[row], config.labels[pictures.labels[row]])
        for row in rows
    ]


def measure(classifier: Classifier, name: str, pictures: list[tuple[bytes, str]]) -> None:
    right, strange, sure = [], [], []
    for data, label in pictures:
        answer = classifier.classify(data)
        right.append(answer.decision.predicted_class == label)
        sure.append(answer.decision.confidence)
        strange.append(answer.in_distribution is not None and not answer.in_distribution.verdict)
    print(
        f"{name:24} {len(right):5}  right {np.mean(right):6.1%}  strange {np.mean(strange):6.1%}  "
        f"confidence {np.mean(sure):.2f}",
        flush=True,
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("training", type=Path)
    arguments.add_argument("--data", type=Path)
    chosen = arguments.parse_args()
    settings = Settings.from_environment()
    classifier = load_classifier(settings.model_source, DirectReader(settings.image_limits))
    files = held_out(chosen.training, chosen.data)
    for name, change in changes():
        changed = ((change(Image.open(file)), label) for file, label in files)
        measure(classifier, name, [(_encoded(picture), label) for picture, label in changed])


def _encoded(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


if __name__ == "__main__":
    main()

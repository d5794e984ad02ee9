"""Measure how well the model in MODEL_PATH tells its own kind of picture from others.

    python scripts/measure_out_of_distribution.py artifacts/pneumonia/training.yaml \
        [--other FOLDER] [--adults FOLDER] [FOLDER...]

The own pictures are those that the training file holds out; those in --other are own ones of
another selection. Against them: the own ones inverted, turned and distorted, noise, drawings (see
strange_pictures.py), the films of --adults, and every FOLDER of pictures. Run it in the environment
of the tests.

Exit status: 1 where more than 1 % of the own pictures are flagged, more than 2 % of --other, or
fewer than 90 % of --adults; else 0.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from strange_pictures import strange_kinds  # noqa: E402
from vistazo.classifier import Classifier  # noqa: E402
from vistazo.cli.picture_files import picture_files  # noqa: E402
from vistazo.loading import load_classifier  # noqa: E402
from vistazo.pictures.reader import DirectReader  # noqa: E402
from vistazo.service.settings import Settings  # noqa: E402
from vistazo.training.config import read_config  # noqa: E402
from vistazo.training.datasets import load_pictures  # noqa: E402
from vistazo.training.evaluation import auc  # noqa: E402
from vistazo.training.splits import split_by_group  # noqa: E402

Scores = NDArray[np.float64]

_MOST_OWN, _MOST_OTHER, _FEWEST_ADULTS = 0.01, 0.02, 0.90


def own_files(training: Path) -> list[Path]:
    """The untouched files of the pictures that training held out."""
    config = read_config(training)
    pictures = load_pictures(config, lambda *_: None)
    rows = split_by_group(pictures.labels, pictures.groups, config.splits).holdout
    return [config.data.folder / pictures.names[row] for row in rows]


def files_in(folder: Path) -> list[Path]:
    files = [*picture_files([folder])]
    if not files:
        sys.exit(f"The folder {folder} holds no pictures.")
    return files


class Meter:
    """Prints a line for each kind of picture, and remembers which bars were missed."""

    def __init__(self, classifier: Classifier) -> None:
        self.missed: list[str] = []
        self._classifier = classifier
        self._own: Scores = np.empty(0)

    def own(self, files: list[Path]) -> None:
        self._own = self._scores([file.read_bytes() for file in files])
        flagged = self._print("own pictures", self._own)
        self._check("own pictures", at_most=_MOST_OWN, flagged=flagged)

    def other(self, folder: Path) -> None:
        flagged = self.of(folder.name, [file.read_bytes() for file in files_in(folder)])
        self._check(folder.name, at_most=_MOST_OTHER, flagged=flagged)

    def adults(self, folder: Path) -> None:
        flagged = self.of(folder.name, [file.read_bytes() for file in files_in(folder)])
        if flagged < _FEWEST_ADULTS:
            self.missed.append(
                f"{folder.name}: {flagged:.1%} are flagged, {_FEWEST_ADULTS:.0%} is the bar"
            )

    def of(self, name: str, pictures: list[bytes]) -> float:
        """The share that is flagged."""
        return self._print(name, self._scores(pictures))

    def _check(self, name: str, *, at_most: float, flagged: float) -> None:
        if flagged > at_most:
            self.missed.append(f"{name}: {flagged:.1%} are flagged, {at_most:.0%} is the bar")

    def _print(self, name: str, found: Scores) -> float:
        is_own = np.arange(len(self._own) + len(found)) < len(self._own)
        area = auc(np.concatenate([self._own, found]), is_own)
        flagged = float(np.mean(found < 0.5))
        told = "" if found is self._own else f"  AUROC {area:.4f}"
        print(f"{name:34} {len(found):5}  flagged {flagged:6.1%}{told}", flush=True)
        return flagged

    def _scores(self, pictures: list[bytes]) -> Scores:
        found = []
        for data in pictures:
            in_distribution = self._classifier.classify(data).in_distribution
            if in_distribution is None:
                sys.exit("The model in MODEL_PATH has no baseline; see 'vistazo baseline --help'.")
            found.append(in_distribution.score)
        return np.array(found)


def encoded(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def main(chosen: argparse.Namespace) -> None:
    settings = Settings.from_environment()
    meter = Meter(load_classifier(settings.model_source, DirectReader(settings.image_limits)))
    files = own_files(chosen.training)
    meter.own(files)
    if chosen.other:
        meter.other(chosen.other)
    if chosen.adults:
        meter.adults(chosen.adults)
    for name, pictures in strange_kinds([Image.open(file).convert("L") for file in files]):
        meter.of(name, [encoded(picture) for picture in pictures])
    for folder in chosen.folders:
        meter.of(folder.name, [file.read_bytes() for file in files_in(folder)])
    if meter.missed:
        sys.exit("\n".join(["Missed:", *meter.missed]))


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("training", type=Path)
    arguments.add_argument("folders", type=Path, nargs="*")
    arguments.add_argument("--other", type=Path, help="own pictures of another selection")
    arguments.add_argument("--adults", type=Path, help="films that must be flagged")
    return arguments


if __name__ == "__main__":
    main(parser().parse_intermixed_args())

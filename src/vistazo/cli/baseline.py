"""vistazo baseline."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from vistazo.cli.predict import picture_files
from vistazo.errors import InputError
from vistazo.imaging import ImageLimits, open_image
from vistazo.model_card import InputSpec
from vistazo.model_store import find_model
from vistazo.preprocessing import prepare
from vistazo.settings import Settings
from vistazo.training.familiar import make_baseline

_UNSEEN = 0.2


@click.command(name="baseline")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("pictures", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--card", type=click.Path(path_type=Path), help="By default MODEL.card.yaml.")
def command(model: Path, pictures: tuple[Path, ...], card: Path | None) -> int:
    """Learn what the pictures that MODEL was made for look like: files, or folders of them.

    Writes MODEL.baseline.npz beside the model. With it, answers say whether a picture looks like
    these ('in_distribution'), and warn where it does not. A few hundred pictures of every kind that
    the model will see do; one in five sets the limit.

    Exit status: 0, or 1 where some pictures could not be read and were left out.

    \b
    Example:
      vistazo baseline my_model.h5 training_pictures/
    """  # noqa: D301
    spec, limits = find_model(model, card).card.input, Settings.from_environment().image_limits
    images, failed = _prepared(list(picture_files(pictures)), spec, limits)
    rows = np.random.default_rng(0).permutation(len(images))
    unseen = round(_UNSEEN * len(rows))
    path = make_baseline(model, card, images.__getitem__, seen=rows[unseen:], unseen=rows[:unseen])
    click.echo(f"{path}: of {len(images)} pictures")
    return 1 if failed else 0


def _prepared(
    files: list[Path], spec: InputSpec, limits: ImageLimits
) -> tuple[list[NDArray[np.float32]], int]:
    images: list[NDArray[np.float32]] = []
    failed = 0
    with click.progressbar(files, label="Reading", file=sys.stderr) as bar:
        for file in bar:
            try:
                image = open_image(file.read_bytes(), limits)
                images.append(prepare(image.decode((spec.height, spec.width)), spec))
            except InputError as error:
                failed += 1
                click.echo(f"{file} is left out: {error}", err=True)
    return images, failed

"""vistazo train."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import click

from vistazo.errors import SettingsError


@click.command(name="train")
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Instead of the folder in CONFIG.")
@click.option("--out", type=click.Path(path_type=Path), help="By default runs/NAME.")
@click.option(
    "--folds", type=click.IntRange(min=2), help="Cross-validate: one run per part of the groups."
)
def command(config: Path, data: Path | None, out: Path | None, folds: int | None) -> None:
    """Train a classifier as CONFIG (YAML) says; write weights, card and figures to OUT.

    With --folds N, N models are trained, each held to the pictures of the groups (patients, plants,
    moulds) that it did not see, and the mean of their figures goes to OUT/cross_validation.json.

    A run that was stopped goes on from its last epoch when it is started again.

    \b
    Examples:
      vistazo train artifacts/pneumonia/training.yaml --data chest_xray/train --out runs/first
      vistazo train artifacts/pneumonia/training.yaml --folds 5 --out runs/folds
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    if importlib.util.find_spec("keras") is None:
        raise SettingsError(
            "Training needs Keras and TensorFlow. './scripts/vistazo train' installs them; "
            "or: pip install -r scripts/requirements/training.txt"
        )
    from vistazo.training.config import read_config
    from vistazo.training.cross_validation import cross_validate
    from vistazo.training.fit import train

    recipe = read_config(config, data)
    out = out or Path("runs") / recipe.name
    if folds is not None:
        click.echo(f"The figures are in {cross_validate(recipe, folds, out)}.")
        return
    model_path = train(recipe, out)
    click.echo(f"The model is {model_path}. Serve it: MODEL_PATH={model_path} vistazo serve")

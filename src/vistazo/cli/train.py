"""vistazo train."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import click

from vistazo.errors import SettingsError
from vistazo.training.config import read_config, task_of


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

    A CONFIG with 'task: text' trains on the tables that it names (with --data, on those of that
    folder), in seconds; it is cross-validated each time.

    \b
    Examples:
      vistazo train artifacts/pneumonia/training.yaml --data chest_xray/train --out runs/first
      vistazo train artifacts/pneumonia/training.yaml --folds 5 --out runs/folds
      vistazo train artifacts/news/training.yaml --data news_es/
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    if task_of(config) == "text":
        model_path = _train_on_texts(config, data, out, folds)
    elif (trained := _train_on_pictures(config, data, out, folds)) is None:
        return
    else:
        model_path = trained
    click.echo(f"The model is {model_path}. Serve it: MODEL_PATH={model_path} vistazo serve")


def _train_on_texts(config: Path, data: Path | None, out: Path | None, folds: int | None) -> Path:
    _check_installed("sklearn", "scikit-learn")
    if folds is not None:
        raise SettingsError("--folds is for pictures: for texts write 'folds: N' in CONFIG.")
    from vistazo.training.text_config import read_text_config
    from vistazo.training.text_fit import train_texts

    recipe = read_text_config(config, data)
    return train_texts(recipe, out or Path("runs") / recipe.name)


def _train_on_pictures(
    config: Path, data: Path | None, out: Path | None, folds: int | None
) -> Path | None:
    """None where models were only cross-validated."""
    _check_installed("keras", "Keras and TensorFlow")
    from vistazo.training.cross_validation import cross_validate
    from vistazo.training.fit import train

    recipe = read_config(config, data)
    out = out or Path("runs") / recipe.name
    if folds is None:
        return train(recipe, out)
    click.echo(f"The figures are in {cross_validate(recipe, folds, out)}.")
    return None


def _check_installed(module: str, name: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise SettingsError(
            f"Training needs {name}. './scripts/vistazo train' installs them; "
            "or: pip install -r scripts/requirements/training.txt"
        )

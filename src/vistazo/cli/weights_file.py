"""The weights of a model whose file has its layers alone, as a command line names them."""

from __future__ import annotations

from pathlib import Path

import click

from vistazo.models.fetch import Location
from vistazo.models.layers_text import is_layers_name
from vistazo.service.settings import Settings


def with_weights(settings: Settings, weights: Path | None) -> Settings:
    """The settings, where ``--weights`` goes before MODEL_WEIGHTS."""
    return settings.model_copy(update={"model_weights": weights}) if weights else settings


def weights_file(model: Location, settings: Settings) -> Path | None:
    """What MODEL_WEIGHTS names: of use to a file of layers alone, such as ``model.json``."""
    named = settings.model_weights
    if named is None or not isinstance(model, Path) or not is_layers_name(model):
        return None
    if not isinstance(named, Path):
        raise click.UsageError("MODEL_WEIGHTS is a link: download it, and name the file.")
    return named

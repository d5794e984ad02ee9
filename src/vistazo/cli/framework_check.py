"""``vistazo convert --check``: the framework itself is asked too."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from vistazo.cli.picture_files import picture_files, read_file
from vistazo.engines.agreement import Agreement, agreement, random_images
from vistazo.engines.framework import Framework, load_framework
from vistazo.errors import InputError, SettingsError
from vistazo.models.card import InputSpec
from vistazo.models.card_file import find_card
from vistazo.models.custom_layers import import_layers
from vistazo.models.signature import ModelSignature
from vistazo.pictures.reader import DirectReader
from vistazo.service.settings import Settings
from vistazo.service.telemetry import tell_a_person_who_waits

_DIFFERS = 1
_MOST_PICTURES = 200


@dataclass(frozen=True)
class Converted:
    """``out`` was made of ``model`` and, where that has layers only, its ``weights``.

    ``card_file`` is where its card lies, if it has one.
    """

    model: Path
    weights: Sequence[Path]
    out: Path
    signature: ModelSignature
    card_file: Path


def check(converted: Converted, pictures: Path | None, settings: Settings) -> int:
    """Compare and tell; the exit status. Raises SettingsError where Keras is not installed."""
    tell_a_person_who_waits(settings.log_level)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if settings.keras_layers is not None:
        import_layers(settings.keras_layers)
    framework = load_framework(
        converted.model, converted.weights, major=_major(converted.signature), what="--check"
    )
    found = agreement(converted.out, framework, _images(converted, pictures, settings))
    click.echo(_told(found, framework, _major(converted.signature)))
    return 0 if found.is_within else _DIFFERS


def _major(signature: ModelSignature) -> int:
    """Of the Keras that wrote the file."""
    return 3 if signature.framework.startswith("keras 3") else 2


def _images(
    converted: Converted, pictures: Path | None, settings: Settings
) -> Iterator[NDArray[np.float32]]:
    signature = converted.signature
    made = random_images(signature.height, signature.width, signature.channels)
    if pictures is None:
        return made
    return chain(made, _prepared(pictures, _spec(converted), settings))


def _prepared(pictures: Path, spec: InputSpec, settings: Settings) -> Iterator[NDArray[np.float32]]:
    reader, read = DirectReader(settings.image_limits), 0
    for file in picture_files([pictures]):
        if read == _MOST_PICTURES:
            click.echo(f"{pictures} has more pictures than {_MOST_PICTURES}: these are enough.")
            return
        try:
            data = read_file(file, settings.max_upload_bytes)
            prepared = reader.prepared(data, spec).pixels
        except InputError as error:
            click.echo(f"{file} is left out: {error}", err=True)
            continue
        read += 1
        yield prepared
    if not read:
        raise SettingsError(f"None of the pictures in {pictures} can be read.")


def _spec(converted: Converted) -> InputSpec:
    """As the card says; without one, stretched to the size and in 0..1."""
    card = find_card(converted.card_file)
    if card is not None:
        return card.input
    signature = converted.signature
    if signature.channels not in (1, 3):
        raise SettingsError(
            f"The model takes {signature.channels} channels: there are no such pictures. "
            "--check without PICTURES makes its own."
        )
    return InputSpec(
        height=signature.height,
        width=signature.width,
        colour="grey" if signature.channels == 1 else "rgb",
        scale="1/255",
    )


def _told(found: Agreement, framework: Framework, major: int) -> str:
    about = (
        f"on {found.pictures} pictures the largest difference is {found.difference:.1e}, of scores "
        f"from {found.lowest:.4g} to {found.highest:.4g}; the same is highest in "
        f"{found.same_class} of them"
    )
    if found.is_within:
        return f"{framework} says the same: {about}."
    said = f"{framework} does NOT say the same: {about}."
    if framework.name == "keras" and major == 2:
        return (
            f"{said} Keras 2 wrote the file, and Keras 3 takes some layers to mean something else: "
            "install tf_keras, which is asked first, and check again."
        )
    return (
        f"{said} Do not serve it like this: ENGINE=keras does what Keras does. And please tell us, "
        "with what 'vistazo inspect' prints."
    )

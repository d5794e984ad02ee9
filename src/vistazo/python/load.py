"""From a model's place to what a program can ask."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TypedDict, Unpack

from vistazo.errors import SettingsError
from vistazo.loading import load_model
from vistazo.pictures.reader import DirectReader
from vistazo.python.model import Model
from vistazo.python.pictures import AskedPictures
from vistazo.python.samples import AskedSamples
from vistazo.samples.classifier import SampleClassifier
from vistazo.service.settings import Settings


class LoadOptions(TypedDict, total=False):
    """The settings that a program may give; they are called, and mean, what they do for the
    service, where their names are in capitals.
    """

    model_weights: str | os.PathLike[str]
    model_card: str | os.PathLike[str]
    model_labels: str | os.PathLike[str]
    model_baseline: str | os.PathLike[str]
    vectorizer_path: str | os.PathLike[str]
    model_sha256: str
    max_model_bytes: int
    model_timeout_s: float
    allow_control_flow: bool
    labels: Sequence[str]
    scale: str
    colour: str
    resize: str
    input_size: tuple[int, int]
    engine: str
    device: str
    precision: str
    keras_layers: str
    out_of_distribution: str
    cache_dir: str | os.PathLike[str]
    threads: int
    max_upload_bytes: int
    max_pixels: int
    max_text_chars: int


def load(path: str | os.PathLike[str] | None = None, **options: Unpack[LoadOptions]) -> Model:
    """Read, check and warm up a model; without a path, or a link, the one that comes with Vistazo.

    The file is read as data: nothing in it is run but for ``engine="keras"``. ``options`` are
    settings by their names in small letters; the environment is not read. What lies beside the
    file, such as its card, is found there.

    Raises ModelError in words that say what to do, SettingsError for an option that cannot be used,
    and TypeError for one that there is not.
    """
    unknown = sorted(set(options) - set(LoadOptions.__annotations__))
    if unknown:
        known = ", ".join(LoadOptions.__annotations__)
        raise TypeError(f"load() takes no '{unknown[0]}'. It takes {known}.")
    settings = Settings.from_environment(_variables(path, options))
    classifier = load_model(settings.model_source, DirectReader(settings.image_limits))
    if isinstance(classifier, SampleClassifier):
        return Model(classifier, AskedSamples(classifier, settings.max_text_chars))
    return Model(classifier, AskedPictures(classifier, settings.image_limits, settings.threads))


def _variables(
    path: str | os.PathLike[str] | None, options: Mapping[str, object]
) -> dict[str, str]:
    """As the environment would have them, where what is empty would count as not given."""
    for name, value in {"path": path, **options}.items():
        if isinstance(value, str) and not value.strip():
            raise SettingsError(
                f"load() was given an empty '{name}'. Leave it out where the default is meant."
            )
    given = {**options, "model_path": path}
    return {name.upper(): _text(value) for name, value in given.items() if value is not None}


def _text(value: object) -> str:
    if isinstance(value, tuple) and all(isinstance(side, int) for side in value):
        return "x".join(map(str, value))  # of INPUT_SIZE
    if isinstance(value, (list, tuple)):
        return json.dumps(list(value))  # of LABELS
    return str(value)

"""A model as Keras itself has it, whole or of its parts. What is in the file runs here."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.engines.former_keras import refuse_misread
from vistazo.errors import SettingsError, UnreadableModelError, UnsupportedModelError
from vistazo.models.keras_import.layers_file import read_layers
from vistazo.models.outputs import unique

_PICTURE_RANK, _GREY_RANK, _ROW_RANK = 4, 3, 2
_MIN_GREY_SIDE = 8
_COLOURS = (1, 3, 4)
_MOST_TOLD = 600

NOT_INSTALLED = "{} needs Keras and TensorFlow: pip install -r scripts/requirements/training.txt"


@dataclass(frozen=True, eq=False)
class Framework:
    """A model that ``name`` (keras, tf_keras) of some ``version`` runs."""

    name: str
    version: str
    model: Any

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def scores(self, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Of images (n, h, w, c), each output as (n, k) under its name."""
        given = self.model(given_to(self.model, images), training=False)
        if isinstance(given, dict):
            given = [given[name] for name in sorted(given)]
        listed = given if isinstance(given, list | tuple) else [given]
        rows = (np.asarray(one, np.float32).reshape(len(images), -1) for one in listed)
        return dict(zip(output_names(self.model), rows, strict=True))


def output_names(model: Any) -> tuple[str, ...]:
    """Of a model of Keras, one for each output in the order of ``model.outputs``."""
    if isinstance(model.output_shape, dict):
        return tuple(sorted(map(str, model.output_shape)))
    return unique(getattr(model, "output_names", None) or [model.layers[-1].name])


def load_framework(
    path: Path, weights: Sequence[Path], *, major: int, what: str = "ENGINE=keras"
) -> Framework:
    """Load a file of Keras ``major`` 2 or 3 with what wrote it, or else with the other.

    Keras 3 loads most files of Keras 2, some with another meaning. Raises SettingsError where
    neither is installed, UnreadableModelError where none can load it, UnsupportedModelError where
    all load it wrong.
    """
    refuse_misread(path, weights, what)
    names = ("tf_keras", "keras") if major == 2 else ("keras", "tf_keras")
    reasons = []
    for name in names:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        try:
            return Framework(name, module.__version__, load_whole(module, path, weights))
        except Exception as error:  # a file's own code runs here and raises what it likes
            reasons.append(f"{name} {module.__version__} cannot load {path}: {short(error)}")
    if not reasons:
        raise SettingsError(NOT_INSTALLED.format(what))
    raise UnreadableModelError("\n".join(reasons))


def short(error: Exception) -> str:
    """Keras prints a whole configuration."""
    told = str(error)
    return told if len(told) <= _MOST_TOLD else f"{told[:_MOST_TOLD]} ..."


def load_whole(keras: Any, path: Path, weights: Sequence[Path] = ()) -> Any:
    """A model that Keras saved whole, or its layers (JSON or YAML) and its ``weights`` (HDF5)."""
    if not weights:
        return keras.models.load_model(path, compile=False, safe_mode=False)
    trust = getattr(getattr(keras, "config", None), "enable_unsafe_deserialization", None)
    if trust is not None:  # load_model has an argument for it, model_from_json has not
        trust()
    model = keras.models.model_from_json(json.dumps(read_layers(path)))
    for file in weights:
        model.load_weights(file)
    return model


def given_to(model: Any, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Images (n, h, w, c) as a model takes them; a row as the model itself lays it out at once."""
    shape = tuple(model.input_shape)
    if len(shape) != _ROW_RANK:
        return arranged(images, shape)
    # What may scale the row first is neither a Reshape nor a Dense.
    shaping = (one for one in model.layers if hasattr(one, "target_shape") or hasattr(one, "units"))
    laid_out = tuple(getattr(next(shaping, None), "target_shape", ()))
    if len(laid_out) == _PICTURE_RANK - 1:
        images = arranged(images, (None, *laid_out))
    return arranged(images, shape)


def arranged(images: NDArray[np.float32], shape: Sequence[int | None]) -> NDArray[np.float32]:
    """Images (n, h, w, c) as a model takes them: colours first, without an axis, or in a row."""
    if len(shape) == _PICTURE_RANK:
        return images.transpose(0, 3, 1, 2) if is_colour_first(shape) else images
    if len(shape) == _GREY_RANK:
        return images[..., 0]
    return images.reshape(len(images), -1)


def is_colour_first(shape: Sequence[int | None]) -> bool:
    """Whether (batch, 3, h, w) is meant: what Keras' model itself shows is its shape."""
    return shape[1] in _COLOURS and shape[3] not in _COLOURS


def picture_size(
    shape: Sequence[int | None], input_size: tuple[int, int] | None
) -> tuple[int, int, int]:
    """Height, width, channels of the pictures that a model takes.

    ``input_size`` is used where the shape leaves them open. Raises UnsupportedModelError.
    """
    if len(shape) == _PICTURE_RANK:
        first, second, third = shape[1:]
        sizes, channels = (second, third), first
        if not is_colour_first(shape):
            sizes, channels = (first, second), third
    elif len(shape) == _GREY_RANK and min(shape[1] or 0, shape[2] or 0) >= _MIN_GREY_SIDE:
        sizes, channels = (shape[1], shape[2]), 1
    elif len(shape) == _ROW_RANK and shape[1] and input_size:
        sizes, channels = input_size, shape[1] // math.prod(input_size)
        if channels not in _COLOURS or channels * math.prod(input_size) != shape[1]:
            raise UnsupportedModelError(
                f"The model takes {shape[1]} numbers in a row: no picture of {input_size[0]} x "
                f"{input_size[1]} has so many."
            )
    else:
        raise UnsupportedModelError(f"The model's input {tuple(shape)} is no batch of images.")
    if None in sizes and input_size is None:
        raise UnsupportedModelError(
            "The model takes pictures of any size. Say which one to serve: INPUT_SIZE=HEIGHTxWIDTH."
        )
    height, width = (own or asked for own, asked in zip(sizes, input_size or sizes, strict=True))
    return int(height or 0), int(width or 0), int(channels or 0)

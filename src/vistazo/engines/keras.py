"""Keras itself, with TensorFlow: for what cannot be read as data.

This is the only place that runs code out of a model file. It is never chosen by itself: somebody
who trusts the file says ENGINE=keras, where the training set is installed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.engines.base import Outputs, Runtime, outputs_of
from vistazo.engines.framework import (
    NOT_INSTALLED,
    arranged,
    load_framework,
    output_names,
    picture_size,
    short,
)
from vistazo.errors import ModelError, SettingsError, UnreadableModelError, UnsupportedModelError
from vistazo.models.custom_layers import import_layers
from vistazo.models.outputs import OutputSignature, check_number, first_place
from vistazo.models.signature import ModelSignature

_Predict = Callable[[NDArray[np.float32]], Sequence[Any]]


@dataclass(frozen=True)
class _Output:
    name: str
    shape: tuple[int | None, ...]
    activation: str

    @property
    def is_row(self) -> bool:
        sizes = [size for size in self.shape[1:] if size is not None]
        return len(sizes) == len(self.shape) - 1 and math.prod(sizes) == (sizes or [1])[-1]

    @property
    def signature(self) -> OutputSignature:
        units = math.prod(size or 0 for size in self.shape[1:])
        return OutputSignature(self.name, units, self.activation)


@dataclass(frozen=True)
class _Loaded:
    """``predict`` gives every output, in the order of ``outputs``. ``runtime`` is what runs it."""

    runtime: Runtime
    predict: _Predict
    image_shape: Any
    outputs: tuple[_Output, ...]
    weights: int = 0
    layers: int = 0


class KerasEngine:
    """Runs a .keras or .h5 file, custom layers and Lambda included, or a TensorFlow SavedModel.

    ``layers_module`` is imported first, for the custom layers that it registers
    (``keras.saving.register_keras_serializable``). ``input_size`` (height, width) is used where the
    model leaves them open; a model of pictures in a row needs it. ``weights`` are the further
    files that a model in JSON is made of, ``output`` is the name of that one of several outputs
    that is meant.
    """

    def __init__(
        self,
        path: Path,
        input_size: tuple[int, int] | None,
        layers_module: str | None = None,
        weights: Sequence[Path] = (),
        output: str | None = None,
    ) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        if layers_module is not None:
            import_layers(layers_module)
        try:
            loaded = _load_saved_model(path) if path.is_dir() else _load_keras(path, weights)
            self.signature, self._places = _signature(loaded, input_size, output)
        except (ModelError, SettingsError):
            raise
        except Exception as error:  # a file's own code runs here and raises what it likes
            raise UnreadableModelError(f"Keras cannot load {path}: {short(error)}") from error
        self.runtime, self._predict = loaded.runtime, loaded.predict

    @property
    def head(self) -> None:
        """Not cut off here: the heatmap covers patches of the picture instead."""

    @property
    def probe(self) -> None:
        """Not looked at here."""

    def run(self, images: NDArray[np.float32]) -> Outputs:
        found = self._predict(images)
        rows = (np.asarray(found[place], dtype=np.float32) for place in self._places)
        return outputs_of([row.reshape(len(images), -1) for row in rows], has_features=False)

    def interrupt(self) -> None:
        """TensorFlow does not end what runs."""

    def close(self) -> None:
        del self._predict


def _load_keras(path: Path, weights: Sequence[Path]) -> _Loaded:
    framework = load_framework(path, weights, major=3)
    model = framework.model
    layers = getattr(model, "output_names", None) or [model.layers[-1].name]
    return _Loaded(
        Runtime(framework.name, framework.version),
        lambda images: list(framework.scores(images).values()),
        model.input_shape,
        tuple(
            _Output(name, tuple(tensor.shape), _activation(model.get_layer(layer)))
            for name, layer, tensor in zip(output_names(model), layers, model.outputs, strict=True)
        ),
        weights=model.count_params(),
        layers=len(model.layers),
    )


def _activation(layer: Any) -> str:
    """Of a layer, or of the last one of a model in its place."""
    while hasattr(layer, "layers"):
        layer = layer.layers[-1]
    return getattr(getattr(layer, "activation", None), "__name__", "unknown")


def _load_saved_model(path: Path) -> _Loaded:
    try:
        import tensorflow as tf
    except ImportError:
        raise SettingsError(NOT_INSTALLED.format("ENGINE=keras")) from None
    loaded = tf.saved_model.load(str(path))
    serve = loaded.signatures["serving_default"]
    (given, images), *more_inputs = serve.structured_input_signature[1].items()
    if more_inputs:
        raise UnsupportedModelError(f"{path} has several inputs.")
    names = sorted(serve.structured_outputs)

    shape = tuple(images.shape)

    def predict(pictures: NDArray[np.float32]) -> list[Any]:
        found = serve(**{given: tf.constant(arranged(pictures, shape))})
        return [found[name] for name in names]

    outputs = ((name, serve.structured_outputs[name].shape) for name in names)
    return _Loaded(
        Runtime("tensorflow", tf.__version__),
        predict,
        shape,
        tuple(_Output(name, tuple(shape), "unknown") for name, shape in outputs),
    )


def _signature(
    loaded: _Loaded, input_size: tuple[int, int] | None, output: str | None
) -> tuple[ModelSignature, tuple[int, ...]]:
    """Also the places of the outputs that are rows, the one that is meant first."""
    if not isinstance(loaded.image_shape, tuple):
        raise UnsupportedModelError(
            f"The model's input {loaded.image_shape} is no batch of images."
        )
    height, width, channels = picture_size(loaded.image_shape, input_size)
    outputs = loaded.outputs
    check_number(len(outputs))
    places = [at for at, each in enumerate(outputs) if len(outputs) == 1 or each.is_row]
    if not places:
        raise UnsupportedModelError("No output of the model is one row of scores per picture.")
    rows = [outputs[at].signature for at in places]
    which = first_place(rows, output)
    first, place = rows.pop(which), places.pop(which)
    signature = ModelSignature(
        height=height,
        width=width,
        channels=channels,
        units=first.units,
        activation=first.activation,
        features=None,
        weights=loaded.weights,
        layers=loaded.layers,
        framework=f"{loaded.runtime.engine} {loaded.runtime.version}",
        output=first.name,
        others=tuple(rows),
        no_rows=tuple(each.name for at, each in enumerate(outputs) if at not in {place, *places}),
    )
    return signature, (place, *places)

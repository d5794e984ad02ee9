"""Keras itself, with TensorFlow: for what cannot be read as data.

This is the only place that runs code out of a model file. It is never chosen by itself: somebody
who trusts the file says ENGINE=keras, where the training set is installed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.engines.base import Outputs, Runtime
from vistazo.engines.framework import NOT_INSTALLED, arranged, load_whole, picture_size
from vistazo.errors import SettingsError, UnreadableModelError, UnsupportedModelError
from vistazo.models.custom_layers import import_layers
from vistazo.models.signature import ModelSignature

_Predict = Callable[[NDArray[np.float32]], Any]


class KerasEngine:
    """Runs a .keras or .h5 file, custom layers and Lambda included, or a TensorFlow SavedModel.

    ``layers_module`` is imported first, for the custom layers that it registers
    (``keras.saving.register_keras_serializable``). ``input_size`` (height, width) is used where the
    model leaves them open; a model of pictures in a row needs it. ``weights`` are the further
    files that a model in JSON is made of.
    """

    def __init__(
        self,
        path: Path,
        input_size: tuple[int, int] | None,
        layers_module: str | None = None,
        weights: Sequence[Path] = (),
    ) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        try:
            import keras
        except ImportError:
            raise SettingsError(NOT_INSTALLED.format("ENGINE=keras")) from None
        self.runtime = Runtime("keras", keras.__version__)
        if layers_module is not None:
            import_layers(layers_module)
        try:
            self._predict, self.signature = _load(
                path, weights, input_size, f"keras {keras.__version__}"
            )
        except UnsupportedModelError:
            raise
        except Exception as error:  # a file's own code runs here and raises what it likes
            raise UnreadableModelError(f"Keras cannot load {path}: {error}") from error

    @property
    def head(self) -> None:
        """Not cut off here: the heatmap covers patches of the picture instead."""

    @property
    def probe(self) -> None:
        """Not looked at here."""

    def run(self, images: NDArray[np.float32]) -> Outputs:
        scores = np.asarray(self._predict(images), dtype=np.float32)
        return Outputs(scores.reshape(len(images), -1), None)

    def interrupt(self) -> None:
        """TensorFlow does not end what runs."""

    def close(self) -> None:
        del self._predict


def _load(
    path: Path, weights: Sequence[Path], input_size: tuple[int, int] | None, framework: str
) -> tuple[_Predict, ModelSignature]:
    if path.is_dir():
        return _load_saved_model(path, input_size, framework)
    return _load_keras(path, weights, input_size, framework)


def _load_keras(
    path: Path, weights: Sequence[Path], input_size: tuple[int, int] | None, framework: str
) -> tuple[_Predict, ModelSignature]:
    import keras

    model = load_whole(keras, path, weights)
    last = model.layers[-1]
    while hasattr(last, "layers"):
        last = last.layers[-1]
    activation = getattr(getattr(last, "activation", None), "__name__", "unknown")
    signature = _signature(
        model.input_shape,
        model.output_shape,
        input_size,
        activation=activation,
        weights=model.count_params(),
        layers=len(model.layers),
        framework=framework,
    )
    shape = model.input_shape
    return lambda images: model(arranged(images, shape), training=False), signature


def _load_saved_model(
    path: Path, input_size: tuple[int, int] | None, framework: str
) -> tuple[_Predict, ModelSignature]:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    serve = loaded.signatures["serving_default"]
    (name, images_spec), *more_inputs = serve.structured_input_signature[1].items()
    (output, scores_spec), *more_outputs = serve.structured_outputs.items()
    if more_inputs or more_outputs:
        raise UnsupportedModelError(f"{path} has several inputs or outputs.")
    signature = _signature(
        tuple(images_spec.shape),
        tuple(scores_spec.shape),
        input_size,
        activation="unknown",
        weights=0,
        layers=0,
        framework=framework,
    )
    shape = tuple(images_spec.shape)
    return lambda images: serve(**{name: tf.constant(arranged(images, shape))})[output], signature


def _signature(
    image_shape: Any, score_shape: Any, input_size: tuple[int, int] | None, **fields: Any
) -> ModelSignature:
    if not isinstance(image_shape, tuple):
        raise UnsupportedModelError(f"The model's input {image_shape} is no batch of images.")
    height, width, channels = picture_size(image_shape, input_size)
    return ModelSignature(
        height=height,
        width=width,
        channels=channels,
        units=math.prod(score_shape[1:]),
        features=None,
        **fields,
    )

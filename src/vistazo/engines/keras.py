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
from vistazo.errors import SettingsError, UnreadableModelError, UnsupportedModelError
from vistazo.models.custom_layers import import_layers
from vistazo.models.signature import ModelSignature

_IMAGE_RANK = 4
_Predict = Callable[[NDArray[np.float32]], Any]


class KerasEngine:
    """Runs a .keras or .h5 file, custom layers and Lambda included, or a TensorFlow SavedModel.

    ``layers_module`` is imported first, for the custom layers that it registers
    (``keras.saving.register_keras_serializable``). ``input_size`` (height, width) is used where the
    model leaves them open. ``weights`` is the file of the weights, where ``path`` has the layers
    alone (``to_json``).
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
            raise SettingsError(
                "ENGINE=keras needs Keras and TensorFlow: "
                "pip install -r scripts/requirements/training.txt"
            ) from None
        self.runtime = Runtime("keras", keras.__version__)
        if layers_module is not None:
            import_layers(layers_module)
        try:
            framework = f"keras {keras.__version__}"
            if path.is_dir():
                loaded = _load_saved_model(path, input_size, framework)
            else:
                loaded = _load_keras(path, weights, input_size, framework)
            self._predict, self.signature = loaded
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


def _load_keras(
    path: Path, weights: Sequence[Path], input_size: tuple[int, int] | None, framework: str
) -> tuple[_Predict, ModelSignature]:
    model = _model_of(path, weights)
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
    return lambda images: model(images, training=False), signature


def _model_of(path: Path, weights: Sequence[Path]) -> Any:
    """A whole file's model, or that of layers and weights in two files."""
    import keras

    if not weights:
        return keras.models.load_model(path, compile=False, safe_mode=False)
    if path.suffix.lower() != ".json":
        raise UnsupportedModelError(
            f"Keras reads no layers of {path.name} any more. Take ENGINE=keras away, or write them "
            "as JSON: model.to_json()."
        )
    keras.config.enable_unsafe_deserialization()
    model = keras.models.model_from_json(path.read_text("utf-8-sig"))
    model.load_weights(weights[0])
    return model


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
    return lambda images: serve(**{name: tf.constant(images)})[output], signature


def _signature(
    image_shape: Any, score_shape: Any, input_size: tuple[int, int] | None, **fields: Any
) -> ModelSignature:
    if not isinstance(image_shape, tuple) or len(image_shape) != _IMAGE_RANK:
        raise UnsupportedModelError(f"The model's input {image_shape} is no batch of images.")
    size = image_shape[1:3]
    if None in size and input_size is None:
        raise UnsupportedModelError(
            "The model takes pictures of any size. Say which one to serve: INPUT_SIZE=HEIGHTxWIDTH."
        )
    height, width = (own or asked for own, asked in zip(size, input_size or size, strict=True))
    return ModelSignature(
        height=height,
        width=width,
        channels=image_shape[3],
        units=math.prod(score_shape[1:]),
        features=None,
        **fields,
    )

"""What Theano made of a model: its scores, not those that TensorFlow makes of the same numbers.

Theano turns the kernel of a convolution by 180 degrees, so that a file's kernels are turned back
here (as ``preprocess_weights_for_loading`` of Keras 2 did). Its ``same`` padding has the size of
TensorFlow's, but its windows begin elsewhere, which Keras 2 left as it was. What was read for this
is ``keras/backend/theano_backend.py`` of Keras 1.0 to 2.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import UnsupportedModelError
from vistazo.models.keras_import.config import Config
from vistazo.models.keras_import.dialect import Layer, Model
from vistazo.models.keras_import.rewriting import rewrite
from vistazo.models.keras_import.weight import Weight
from vistazo.models.keras_import.weights import LayerPath, LayerWeights, SlotsOf, model_leaves

THEANO = "theano"

# Depthwise and separable kernels are turned twice, and locally connected ones are no convolution.
_TURNED = {
    **dict.fromkeys(("Conv1D", "Convolution1D", "Conv2D", "Convolution2D"), ("kernel",)),
    **dict.fromkeys(("Conv3D", "Convolution3D"), ("kernel",)),
    **dict.fromkeys(("Conv2DTranspose", "Convolution2DTranspose"), ("kernel",)),
    **dict.fromkeys(("Conv1DTranspose", "Conv3DTranspose"), ("kernel",)),
}
_INPUT_AND_OUTPUT = 2


def as_theano(model: Model) -> Model:
    """The same model with the paddings that Theano gives it; nested models too.

    Raises UnsupportedModelError where Theano's result cannot be had.
    """
    return rewrite(model, _as_theano)


def has_turned(model: Model) -> bool:
    """Whether a model has kernels that Theano turned."""
    return any(leaf.layer.class_name in _TURNED for leaf in model_leaves(model, lambda _: ()))


def _as_theano(_: LayerPath, layer: Layer) -> Layer:
    _refuse_other_results(layer)
    if layer.config.get("padding") != "same":
        return layer
    padding = "pool_half" if "Pool" in layer.class_name else "half"
    config = Config(layer.config.owner, {**layer.config.fields, "padding": padding})
    return replace(layer, config=config)


def _refuse_other_results(layer: Layer) -> None:
    config = layer.config
    if "ConvLSTM" in layer.class_name:
        raise _refusal(layer, "its two convolutions begin elsewhere")
    if "UpSampling" in layer.class_name and config.get("interpolation") not in (None, "nearest"):
        raise _refusal(layer, "Theano enlarges with another interpolation")
    if "Separable" in layer.class_name and config.get("padding") == "same":
        size = config.integers("kernel_size")
        if any(side % 2 == 0 for side in size):
            raise _refusal(layer, "Theano makes a larger map of an even kernel")


def _refusal(layer: Layer, why: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"The {layer} was computed by Theano, whose result cannot be had here: {why}. Load the "
        "file with Keras 2.2 on TensorFlow, see whether its scores are still right, and save it "
        "again from there."
    )


def turned(
    weights: Mapping[LayerPath, LayerWeights], model: Model, slots_of: SlotsOf
) -> dict[LayerPath, LayerWeights]:
    """The arrays with every kernel of a convolution as TensorFlow wants it."""
    names = {
        leaf.path: _TURNED.get(leaf.layer.class_name, ()) if not leaf.layer.package else ()
        for leaf in model_leaves(model, slots_of)
    }
    return {
        path: {
            slot: _turned(weight) if _last(slot) in names.get(path, ()) else weight
            for slot, weight in arrays.items()
        }
        for path, arrays in weights.items()
    }


def _last(slot: str) -> str:
    return slot.rpartition("/")[2]  # of cell/kernel


def _turned(weight: Weight) -> Weight:
    def load() -> NDArray[np.float32]:
        kernel = weight.read()
        return np.flip(kernel, tuple(range(kernel.ndim - _INPUT_AND_OUTPUT)))

    return replace(weight, load=load)

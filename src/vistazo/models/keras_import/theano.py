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
    "ConvLSTM2D": ("kernel", "recurrent_kernel"),
}
_INPUT_AND_OUTPUT = 2
_COUNTS_FROM, _COUNTS_UNTIL = (2, 0, 4), (2, 1, 4)


def as_theano(model: Model, version: str) -> Model:
    """The same model with the paddings that Theano gave it in this version of Keras.

    Raises UnsupportedModelError where Theano's result cannot be had.
    """
    counts = _counts_padding(version)
    return rewrite(model, lambda _, layer: _as_theano(layer, counts))


def _counts_padding(version: str) -> bool | None:
    """Whether a mean over pixels takes zeros around the map for pixels; None where unknown."""
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    return _COUNTS_FROM <= numbers <= _COUNTS_UNTIL if len(numbers) > 1 else None


def has_turned(model: Model) -> bool:
    """Whether a model has kernels that Theano turned."""
    return any(leaf.layer.class_name in _TURNED for leaf in model_leaves(model, lambda _: ()))


def _as_theano(layer: Layer, counts_padding: bool | None) -> Layer:
    _refuse_other_results(layer)
    if layer.config.get("padding") != "same":
        return layer
    fields = {**layer.config.fields, "padding": "half"}
    if "Pool" in layer.class_name:
        if counts_padding is None and "Average" in layer.class_name:
            raise _refusal(layer, "the file does not say which version of Keras wrote it")
        fields |= {"padding": "pool_half", "counts_padding": counts_padding}
    return replace(layer, config=Config(layer.config.owner, fields))


def _refuse_other_results(layer: Layer) -> None:
    config = layer.config
    if "ConvLSTM" in layer.class_name and _has_even_side(layer):
        raise _refusal(layer, "Theano begins elsewhere with an even kernel")
    if "UpSampling" in layer.class_name and config.get("interpolation") not in (None, "nearest"):
        raise _refusal(layer, "Theano enlarges with another interpolation")
    is_other = any(word in layer.class_name for word in ("Separable", "Transpose"))
    if is_other and config.get("padding") == "same" and _has_even_side(layer):
        raise _refusal(layer, "Theano makes a map of another size with an even kernel")


def _has_even_side(layer: Layer) -> bool:
    return any(side % 2 == 0 for side in layer.config.integers("kernel_size"))


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

"""Recurrent layers as NVIDIA's cuDNN wants their arrays: CuDNNLSTM and CuDNNGRU of Keras 2.1 on.

cuDNN takes each gate's matrix transposed, and two biases; Keras keeps it so in the file, and turns
it where a plain layer reads it (``_convert_rnn_weights`` of Keras 2), as is done here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from vistazo.models.keras_import.graph import Floats
from vistazo.models.keras_import.registry import LayerCall
from vistazo.models.keras_import.weight import Weight

_GATES = {"LSTM": 4, "GRU": 3}
KINDS = {"CuDNNLSTM": "LSTM", "CuDNNGRU": "GRU"}
# What the layers compute, and do not say.
SETTINGS = {"activation": "tanh", "recurrent_activation": "sigmoid", "reset_after": True}


def without_cudnn(call: LayerCall, kind: str, size: int) -> LayerCall:
    """The same call with the arrays of the plain layer, where the file has those of cuDNN.

    They are told by their bias, whatever the class is called: weights trained on a GPU are also
    loaded into models that are to run without one.
    """
    bias = call.weights.get("cell/bias")
    if kind not in _GATES or bias is None:
        return call
    units, gates = call.config.integer("units"), _GATES[kind]
    width = gates * units
    if bias.shape != (2 * width,):
        return call
    kernel = call.weight("cell/kernel", (size, width))
    recurrent = call.weight("cell/recurrent_kernel", (units, width))
    is_sum = kind == "LSTM"
    weights = {
        "cell/kernel": _changed(kernel, kernel.shape, lambda array: _each(array, gates, _turned)),
        "cell/recurrent_kernel": _changed(
            recurrent, recurrent.shape, lambda array: _each(array, gates, np.transpose)
        ),
        "cell/bias": _changed(
            bias,
            (width,) if is_sum else (2, width),
            lambda array: array.reshape(2, -1).sum(0) if is_sum else array.reshape(2, -1),
        ),
    }
    return replace(call, weights=weights)


def _changed(weight: Weight, shape: tuple[int, ...], change: Callable[[Floats], Floats]) -> Weight:
    return replace(weight, shape=shape, load=lambda: change(weight.read()))


def _each(array: Floats, gates: int, change: Callable[[Floats], Floats]) -> Floats:
    return np.concatenate([change(part) for part in np.split(array, gates, axis=1)], axis=1)


def _turned(array: Floats) -> Floats:
    """Rows of (units, inputs) under the shape (inputs, units)."""
    return array.reshape(array.shape[::-1]).T

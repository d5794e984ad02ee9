"""Activations, as layers, as the ``activation`` of other layers, and as operations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vistazo.models.keras_import.config import Config
from vistazo.models.keras_import.dialect import Layer
from vistazo.models.keras_import.layers.formulas import FORMULAS
from vistazo.models.keras_import.registry import LayerCall, keras_layer
from vistazo.models.keras_import.value import Value
from vistazo.models.keras_import.weights import Slot

_LAYER_CLASSES = {
    "ReLU": "relu",
    "Relu": "relu",
    "Relu6": "relu6",
    "LeakyReLU": "leaky_relu",
    "LeakyRelu": "leaky_relu",
    "ELU": "elu",
    "Elu": "elu",
    "Selu": "selu",
    "Celu": "celu",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Sigmoid": "sigmoid",
    "LogSigmoid": "log_sigmoid",
    "Tanh": "tanh",
    "HardSigmoid": "hard_sigmoid",
    "HardSilu": "hard_silu",
    "HardTanh": "hard_tanh",
    "HardShrink": "hard_shrink",
    "SoftShrink": "soft_shrink",
    "TanhShrink": "tanh_shrink",
    "Silu": "silu",
    "Swish": "silu",
    "Gelu": "gelu",
    "Mish": "mish",
    "Squareplus": "squareplus",
    "SparsePlus": "sparse_plus",
    "SparseSigmoid": "sparse_sigmoid",
    "Threshold": "threshold",
    "ThresholdedReLU": "thresholded_relu",
}
_ALIASES = {
    "swish": "silu",
    "hard_swish": "hard_silu",
    "softmax_v2": "softmax",
    "relu_v2": "relu",
    "swish_v1": "silu",
    "log_softmax_v2": "log_softmax",
}


def apply_activation(call: LayerCall, value: Value, chosen: object) -> Value:
    """The value after an activation, given as Keras' configurations give it: a name, an object."""
    if chosen is None or chosen in ("linear", "identity"):
        return value
    if isinstance(chosen, str):
        return activate(call, value, chosen, Config(call.config.owner, {}))
    if isinstance(chosen, Mapping):
        class_name, settings = str(chosen.get("class_name")), chosen.get("config")
        fields = settings if isinstance(settings, Mapping) else {}
        if class_name == "Activation":
            return apply_activation(call, value, fields.get("activation"))
        name = "softmax" if class_name == "Softmax" else _LAYER_CLASSES.get(class_name)
        if name is not None:
            return activate(call, value, name, Config(call.config.owner, fields))
    raise call.refusal(f"its activation '{_shown(chosen)}' is not known here")


def activate(call: LayerCall, value: Value, name: str, settings: Config) -> Value:
    """The value after the activation of that name. Raises UnsupportedModelError."""
    name = _ALIASES.get(name, name).rpartition(">")[2]
    if name in ("softmax", "log_softmax"):
        return _softmax(call, value, name, settings)
    function = FORMULAS.get(name)
    if function is None:
        raise call.refusal(f"its activation '{name[:60]}' is not known here")
    return call.graph.like(value, function(call.graph, value.name, settings), name)


@keras_layer("Activation")
def activation_layer(call: LayerCall) -> Value:
    """keras.layers.Activation."""
    return apply_activation(call, call.input, call.config.get("activation"))


@keras_layer(*_LAYER_CLASSES)
def activation_class(call: LayerCall) -> Value:
    """The layers and operations that are one activation."""
    settings = call.options
    if call.layer.class_name == "LeakyReLU":  # the layer's default is not the function's
        slope = settings.number("negative_slope", "alpha", default=0.3)
        settings = Config(settings.owner, {"negative_slope": slope})
    return activate(call, call.input, _LAYER_CLASSES[call.layer.class_name], settings)


@keras_layer("Softmax", "LogSoftmax")
def softmax_layer(call: LayerCall) -> Value:
    """keras.layers.Softmax and keras.ops.softmax; over one axis."""
    name = "softmax" if call.layer.class_name == "Softmax" else "log_softmax"
    return activate(call, call.input, name, call.options)


def _prelu_slots(_: Layer) -> tuple[Slot, ...]:
    return (Slot("alpha"),)


@keras_layer("PReLU", weights=_prelu_slots)
def prelu(call: LayerCall) -> Value:
    """keras.layers.PReLU: ``alpha * x`` below zero, alpha shared along ``shared_axes``."""
    value = call.input
    shared = call.config.integers("shared_axes", []) if call.config.get("shared_axes") else ()
    shape = [value.size(axis) for axis in range(1, value.rank)]
    for axis in shared:
        shape[axis - 1] = 1
    stored = call.weight("alpha", shape)
    if value.moved:
        moved = (shape[-1], *shape[:-1])
        slope = call.graph.parameter(
            call.name("alpha.first"), [stored], moved, lambda array: np.moveaxis(array, -1, 0)
        )
    else:
        slope = call.graph.parameter(call.name("alpha"), [stored], tuple(shape))
    return call.graph.like(value, call.graph.op("PRelu", value.name, slope), "prelu")


def _softmax(call: LayerCall, value: Value, name: str, settings: Config) -> Value:
    axes = settings.integers("axis", -1)
    if len(axes) != 1:
        raise call.refusal("it is a softmax over several axes")
    axis = axes[0] % value.rank
    op_type = "Softmax" if name == "softmax" else "LogSoftmax"
    done = call.graph.op(op_type, value.name, axis=call.graph.stored_axis(value, axis))
    return call.graph.like(value, done, name if axis == value.rank - 1 else "unknown")


def _shown(chosen: object) -> str:
    if isinstance(chosen, Mapping):
        return str(chosen.get("registered_name") or chosen.get("class_name"))[:60]
    return str(chosen)[:60]

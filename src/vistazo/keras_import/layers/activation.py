"""Activations, as layers, as the ``activation`` of other layers, and as operations.

Each formula is that of ``keras.activations`` (keras/src/activations/activations.py); where Keras 2
differs (tf_keras/src/activations.py) the file's version decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt

import numpy as np

from vistazo.keras_import.config import Config
from vistazo.keras_import.dialect import Layer
from vistazo.keras_import.graph import Graph
from vistazo.keras_import.registry import LayerCall, register
from vistazo.keras_import.value import Value
from vistazo.keras_import.weights import Slot

Activation = Callable[[Graph, str, Config], str]
_ACTIVATIONS: dict[str, Activation] = {}

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


def activation(name: str) -> Callable[[Activation], Activation]:
    def decorate(function: Activation) -> Activation:
        _ACTIVATIONS[name] = function
        return function

    return decorate


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
    function = _ACTIVATIONS.get(name)
    if function is None:
        raise call.refusal(f"its activation '{name[:60]}' is not known here")
    return call.graph.like(value, function(call.graph, value.name, settings), name)


@register("Activation")
def activation_layer(call: LayerCall) -> Value:
    """keras.layers.Activation."""
    return apply_activation(call, call.input, call.config.get("activation"))


@register(*_LAYER_CLASSES)
def activation_class(call: LayerCall) -> Value:
    """The layers and operations that are one activation."""
    settings = call.options
    if call.layer.class_name == "LeakyReLU":  # the layer's default is not the function's
        slope = settings.number("negative_slope", "alpha", default=0.3)
        settings = Config(settings.owner, {"negative_slope": slope})
    return activate(call, call.input, _LAYER_CLASSES[call.layer.class_name], settings)


@register("Softmax", "LogSoftmax")
def softmax_layer(call: LayerCall) -> Value:
    """keras.layers.Softmax and keras.ops.softmax; over one axis."""
    name = "softmax" if call.layer.class_name == "Softmax" else "log_softmax"
    return activate(call, call.input, name, call.options)


def _prelu_slots(_: Layer) -> tuple[Slot, ...]:
    return (Slot("alpha"),)


@register("PReLU", weights=_prelu_slots)
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


@activation("relu")
def _relu(graph: Graph, x: str, settings: Config) -> str:
    slope = settings.number("negative_slope", "alpha", default=0.0)
    ceiling = settings.optional_number("max_value")
    threshold = settings.number("threshold", default=0.0)
    if threshold:
        below = graph.op("Mul", graph.op("Sub", x, graph.floats(threshold)), graph.floats(slope))
        above = graph.op("GreaterOrEqual", x, graph.floats(threshold))
        y = graph.op("Where", above, x, below)
    elif ceiling is not None and not slope:
        return graph.op("Clip", x, graph.floats(0.0), graph.floats(ceiling))
    else:
        y = graph.op("LeakyRelu", x, alpha=slope) if slope else graph.op("Relu", x)
    return y if ceiling is None else graph.op("Min", y, graph.floats(ceiling))


@activation("thresholded_relu")
def _thresholded_relu(graph: Graph, x: str, settings: Config) -> str:
    return graph.op("ThresholdedRelu", x, alpha=settings.number("theta", default=1.0))


@activation("threshold")
def _threshold(graph: Graph, x: str, settings: Config) -> str:
    above = graph.op("Greater", x, graph.floats(settings.number("threshold")))
    other = settings.number("default_value", "value")
    return graph.op("Where", above, x, graph.floats(other))


@activation("relu6")
def _relu6(graph: Graph, x: str, _: Config) -> str:
    return graph.op("Clip", x, graph.floats(0.0), graph.floats(6.0))


@activation("leaky_relu")
def _leaky_relu(graph: Graph, x: str, settings: Config) -> str:
    return graph.op("LeakyRelu", x, alpha=settings.number("negative_slope", "alpha", default=0.2))


@activation("elu")
def _elu(graph: Graph, x: str, settings: Config) -> str:
    return graph.op("Elu", x, alpha=settings.number("alpha", default=1.0))


@activation("celu")
def _celu(graph: Graph, x: str, settings: Config) -> str:
    return graph.op("Celu", x, alpha=settings.number("alpha", default=1.0))


def _simple(name: str, op_type: str) -> None:
    @activation(name)
    def apply(graph: Graph, x: str, _: Config) -> str:
        return graph.op(op_type, x)


for _name, _op_type in {
    "selu": "Selu",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "exponential": "Exp",
}.items():
    _simple(_name, _op_type)


@activation("hard_sigmoid")
def _hard_sigmoid(graph: Graph, x: str, _: Config) -> str:
    # Keras 2: clip(0.2 x + 0.5, 0, 1); Keras 3: relu6(x + 3) / 6.
    slope = 1 / 6 if graph.keras_major >= 3 else 0.2  # noqa: PLR2004
    return graph.op("HardSigmoid", x, alpha=slope, beta=0.5)


@activation("hard_silu")
def _hard_silu(graph: Graph, x: str, settings: Config) -> str:
    return graph.op("Mul", x, _hard_sigmoid(graph, x, settings))


@activation("silu")
def _silu(graph: Graph, x: str, _: Config) -> str:
    return graph.op("Mul", x, graph.op("Sigmoid", x))


@activation("gelu")
def _gelu(graph: Graph, x: str, settings: Config) -> str:
    half = graph.op("Mul", x, graph.floats(0.5))
    if settings.flag("approximate", default=False):
        cube = graph.op("Mul", graph.op("Mul", x, x), x)
        inner = graph.op("Add", x, graph.op("Mul", cube, graph.floats(0.044715)))
        curve = graph.op("Tanh", graph.op("Mul", inner, graph.floats(sqrt(2 / np.pi))))
    else:
        curve = graph.op("Erf", graph.op("Div", x, graph.floats(sqrt(2))))
    return graph.op("Mul", half, graph.op("Add", curve, graph.floats(1.0)))


@activation("mish")
def _mish(graph: Graph, x: str, _: Config) -> str:
    return graph.op("Mul", x, graph.op("Tanh", graph.op("Softplus", x)))


@activation("log_sigmoid")
def _log_sigmoid(graph: Graph, x: str, _: Config) -> str:
    return graph.op("Neg", graph.op("Softplus", graph.op("Neg", x)))


@activation("hard_tanh")
def _hard_tanh(graph: Graph, x: str, _: Config) -> str:
    return graph.op("Clip", x, graph.floats(-1.0), graph.floats(1.0))


@activation("hard_shrink")
def _hard_shrink(graph: Graph, x: str, settings: Config) -> str:
    return graph.op("Shrink", x, lambd=settings.number("threshold", default=0.5), bias=0.0)


@activation("soft_shrink")
def _soft_shrink(graph: Graph, x: str, settings: Config) -> str:
    threshold = settings.number("threshold", default=0.5)
    return graph.op("Shrink", x, lambd=threshold, bias=threshold)


@activation("tanh_shrink")
def _tanh_shrink(graph: Graph, x: str, _: Config) -> str:
    return graph.op("Sub", x, graph.op("Tanh", x))


@activation("squareplus")
def _squareplus(graph: Graph, x: str, settings: Config) -> str:
    inner = graph.op("Add", graph.op("Mul", x, x), graph.floats(settings.number("b", default=4.0)))
    return graph.op("Mul", graph.op("Add", x, graph.op("Sqrt", inner)), graph.floats(0.5))


@activation("sparse_sigmoid")
def _sparse_sigmoid(graph: Graph, x: str, _: Config) -> str:
    return graph.op("HardSigmoid", x, alpha=0.5, beta=0.5)


@activation("sparse_plus")
def _sparse_plus(graph: Graph, x: str, _: Config) -> str:
    # 0 up to -1, (x + 1)^2 / 4 between, x from 1 on.
    inner = graph.op("Clip", x, graph.floats(-1.0), graph.floats(1.0))
    shifted = graph.op("Add", inner, graph.floats(1.0))
    bow = graph.op("Mul", graph.op("Mul", shifted, shifted), graph.floats(0.25))
    return graph.op("Where", graph.op("Greater", x, graph.floats(1.0)), x, bow)


def _shown(chosen: object) -> str:
    if isinstance(chosen, Mapping):
        return str(chosen.get("registered_name") or chosen.get("class_name"))[:60]
    return str(chosen)[:60]

"""Dense layers that only Keras 1 had."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from vistazo.models.keras_import.elementwise import combine
from vistazo.models.keras_import.graph import Floats
from vistazo.models.keras_import.layers.activation import activate, apply_activation
from vistazo.models.keras_import.layers.reduction import reduce
from vistazo.models.keras_import.registry import LayerCall, keras_layer, slots
from vistazo.models.keras_import.value import Value

_MATRIX = 2


@keras_layer("MaxoutDense", weights=slots("kernel", bias="use_bias"))
def maxout(call: LayerCall) -> Value:
    """keras.layers.MaxoutDense: the largest of ``nb_feature`` linear layers (Goodfellow 2013)."""
    value, graph = _row(call), call.graph
    size, features = value.size(-1), call.config.integer("nb_feature")
    units = call.config.integer("units")
    stored = call.weight("kernel", (features, size, units))
    shape = (size, features * units)
    kernel = graph.parameter(call.name("kernel"), [stored], shape, _side_by_side)
    inputs = [graph.plain(value), kernel]
    if call.config.flag("use_bias", default=True):
        bias = call.weight("bias", (features, units))
        inputs.append(graph.parameter(call.name("bias"), [bias], shape[1:], np.ravel))
    wide = graph.value(graph.op("Gemm", *inputs), (None, shape[1]), value)
    apart = graph.reshape(wide, (None, features, units))
    return reduce(call, "ReduceMax", apart, (1,), keep=False)


@keras_layer(
    "Highway",
    weights=slots("kernel", "W_carry", bias="use_bias", b_carry="use_bias"),
)
def highway(call: LayerCall) -> Value:
    """keras.layers.Highway: ``t f(x W + b) + (1 - t) x`` with a gate t (Srivastava 2015)."""
    value, graph = _row(call), call.graph
    gate = activate(call, _linear(call, value, "W_carry", "b_carry"), "sigmoid", call.config)
    changed = apply_activation(
        call, _linear(call, value, "kernel", "bias"), call.config.get("activation")
    )
    difference = combine(graph, "Sub", changed, value)
    return combine(graph, "Add", value, combine(graph, "Mul", gate, difference))


@keras_layer("Merge")
def refuse_merge(call: LayerCall) -> NoReturn:
    """keras.layers.Merge of Keras 1, where no layer of Keras 2 does the same."""
    is_code = call.config.get("mode_type", default="raw") != "raw"
    shown = "Python code, which is never run here" if is_code else f"'{call.config.get('mode')}'"
    raise call.refusal(f"it merges by {shown}")


def _row(call: LayerCall) -> Value:
    if call.input.rank != _MATRIX:
        raise call.refusal(f"its input is of rank {call.input.rank}")
    return call.input


def _linear(call: LayerCall, value: Value, kernel: str, bias: str) -> Value:
    graph, size = call.graph, value.size(-1)
    stored = call.weight(kernel, (size, size))
    inputs = [graph.plain(value), graph.parameter(call.name(kernel), [stored], (size, size))]
    if call.config.flag("use_bias", default=True):
        shift = call.weight(bias, (size,))
        inputs.append(graph.parameter(call.name(bias), [shift], (size,)))
    return graph.value(graph.op("Gemm", *inputs), value.shape, value)


def _side_by_side(kernels: Floats) -> Floats:
    return np.concatenate(list(kernels), axis=1)

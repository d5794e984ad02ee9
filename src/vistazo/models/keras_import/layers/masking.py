"""Where masks come from: keras.layers.Masking, and the operations that Keras 3 writes beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from onnx import TensorProto

from vistazo.models.keras_import.graph import Graph
from vistazo.models.keras_import.layers.operands import binary_operands
from vistazo.models.keras_import.operations import function_name, operation
from vistazo.models.keras_import.registry import LayerCall, keras_layer
from vistazo.models.keras_import.value import Value

_LEAST_RANK = 3


@keras_layer("Masking")
def masking(call: LayerCall) -> Value:
    """keras.layers.Masking: a step whose every number is ``mask_value`` does not count, and becomes
    zeros.
    """
    value, graph = call.input, call.graph
    if value.rank < _LEAST_RANK:
        raise call.refusal(f"its input is of rank {value.rank}: there are no steps in it")
    if call.mask is not None:
        raise call.refusal("its input is masked already")
    name = graph.plain(value)
    masked = graph.floats(call.config.number("mask_value", default=0.0))
    differs = graph.once("Not", graph.once("Equal", name, masked))
    mask = graph.value(_any(graph, differs, value.rank), value.shape[:-1], dtype="bool")
    counts = graph.op("Unsqueeze", mask.name, graph.integers([value.rank - 1]))
    kept = graph.op("Where", counts, name, graph.floats(0.0))
    return replace(graph.value(kept, value.shape, value), mask=mask)


@operation("NotEqual", tf="math.not_equal")
def not_equal(call: LayerCall) -> Value:
    """keras.ops.not_equal, of a tensor and a number."""
    value, number = binary_operands(call)
    if not isinstance(value, Value) or isinstance(number, Value) or np.size(number) != 1:
        raise call.refusal("it does not compare a tensor with a number")
    graph = call.graph
    same = graph.once("Equal", graph.plain(value), graph.floats(np.reshape(number, ())))
    return graph.value(graph.once("Not", same), value.shape, value, dtype="bool")


@operation("Any", tf="math.reduce_any")
def any_of(call: LayerCall) -> Value:
    """keras.ops.any, over the last axis."""
    value = call.input
    axes, keep = call.numbers("axis", 1), call.argument("keepdims", 2, default=False)
    if value.dtype != "bool" or axes not in ((-1,), (value.rank - 1,)) or value.rank < 2 or keep:
        raise call.refusal("it is not taken of the last axis")
    name = _any(call.graph, call.graph.plain(value), value.rank)
    return call.graph.value(name, value.shape[:-1], value, dtype="bool")


@operation("LogicalOr", "LogicalAnd", tf="math.logical_or math.logical_and")
def both(call: LayerCall) -> Value:
    """keras.ops.logical_or and logical_and, of two masks: what layers with several inputs make."""
    left, right = (value for value in binary_operands(call) if isinstance(value, Value))
    if left.shape != right.shape or {left.dtype, right.dtype} != {"bool"}:
        raise call.refusal("its operands are not two masks of one shape")
    if left.name == right.name:
        return left
    op_type = "Or" if "or" in function_name(call).lower() else "And"
    name = call.graph.once(op_type, call.graph.plain(left), call.graph.plain(right))
    return call.graph.value(name, left.shape, left, right, dtype="bool")


def _any(graph: Graph, name: str, rank: int) -> str:
    numbers = graph.once("Cast", name, to=TensorProto.FLOAT)
    most = graph.once("ReduceMax", numbers, graph.integers([rank - 1]), keepdims=0)
    return graph.once("Cast", most, to=TensorProto.BOOL)

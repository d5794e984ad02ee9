"""Layers, and operations of the same names, that join several tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vistazo.models.keras_import.elementwise import combine, combine_all
from vistazo.models.keras_import.layers.operands import binary_operands
from vistazo.models.keras_import.registry import LayerCall, keras_layer, register
from vistazo.models.keras_import.value import IMAGE_RANK, Value

_OPS = {
    "Add": "Add",
    "Multiply": "Mul",
    "Maximum": "Max",
    "Minimum": "Min",
    "Subtract": "Sub",
}


@keras_layer(*_OPS)
def merge(call: LayerCall) -> Value:
    """keras.layers.Add and so on, and the Keras 3 operations, which may take a constant."""
    op_type = _OPS[call.layer.class_name]
    if len(call.inputs) > 1 and len(call.args) == 1:
        return combine_all(call.graph, op_type, _aligned(call))
    if len(call.args) == 1 and not call.kwargs:
        return call.input  # a list of one
    return combine(call.graph, op_type, *binary_operands(call))


@register("CustomScaleLayer")
def scaled_sum(call: LayerCall) -> Value:
    """The residual step of keras.applications' InceptionResNetV2: ``x + scale * branch``."""
    shortcut, branch = call.inputs
    scaled = combine(call.graph, "Mul", branch, call.config.number("scale"))
    return combine(call.graph, "Add", shortcut, scaled)


@keras_layer("Average")
def average(call: LayerCall) -> Value:
    """keras.layers.Average."""
    values = _aligned(call)
    total = combine_all(call.graph, "Add", values)
    return combine(call.graph, "Mul", total, 1.0 / len(values))


def _aligned(call: LayerCall) -> list[Value]:
    """Tensors of fewer axes gain them after the batch (``Merge.call``)."""
    values = call.inputs
    rank = max(value.rank for value in values)
    return [_widened(call, value, rank) for value in values]


def _widened(call: LayerCall, value: Value, rank: int) -> Value:
    if value.rank == rank:
        return value
    ones = (1,) * (rank - value.rank)
    return call.graph.reshape(value, (value.shape[0], *ones, *value.shape[1:]))


@keras_layer("Concatenate")
def concatenate(call: LayerCall) -> Value:
    """keras.layers.Concatenate and keras.ops.concatenate."""
    axis = call.options.integers("axis", -1)[0]
    return join(call, call.inputs, axis)


def join(call: LayerCall, values: Sequence[Value], axis: int) -> Value:
    """Tensors one after the other along a Keras axis."""
    first, graph = values[0], call.graph
    axis = axis % first.rank
    if any(value.rank != first.rank for value in values):
        raise call.refusal("its inputs differ in rank")
    for other in range(1, first.rank):
        if other != axis and len({value.shape[other] for value in values}) > 1:
            raise call.refusal("its inputs differ in size along another axis than it joins")
    if axis == 0:
        raise call.refusal("it joins pictures of the batch")
    moved = first.rank == IMAGE_RANK and any(value.moved for value in values)
    names = [
        graph.channels_first(value, "channels_last") if moved else graph.plain(value)
        for value in values
    ]
    length = sum(value.size(axis) for value in values)
    shape = (*first.shape[:axis], length, *first.shape[axis + 1 :])
    like = Value("", shape, moved, first.channel_axis, dtype=first.dtype, parents=tuple(values))
    return replace(like, name=graph.op("Concat", *names, axis=graph.stored_axis(like, axis)))


@keras_layer("Dot")
def dot(call: LayerCall) -> Value:
    """keras.layers.Dot: ``batch_dot`` over one axis each; of vectors, or of matrices."""
    left, right = call.inputs
    axes = call.config.integers("axes")
    along = [axes[0] % left.rank, axes[-1] % right.rank]
    if left.rank not in (2, 3) or right.rank not in (2, 3) or 0 in along:
        raise call.refusal("it multiplies tensors of more than two axes")
    graph, names = call.graph, [call.graph.plain(left), call.graph.plain(right)]
    if call.config.flag("normalize", default=False):
        names = [_unit(call, name, axis) for name, axis in zip(names, along, strict=True)]
    letters = [["n", "a", "b"][: left.rank], ["n", "c", "d"][: right.rank]]
    letters[0][along[0]] = letters[1][along[1]] = "k"
    rest = [axis for side in letters for axis in side if axis not in "nk"]
    sizes = [left.shape[i] for i in range(1, left.rank) if i != along[0]]
    sizes += [right.shape[i] for i in range(1, right.rank) if i != along[1]]
    equation = f"{''.join(letters[0])},{''.join(letters[1])}->n{''.join(rest)}"
    name = graph.op("Einsum", *names, equation=equation)
    if not rest:
        name, sizes = graph.op("Unsqueeze", name, graph.integers([1])), [1]
    return graph.value(name, (None, *sizes), left, right)


def _unit(call: LayerCall, name: str, axis: int) -> str:
    graph = call.graph
    total = graph.op("ReduceSumSquare", name, graph.integers([axis]))
    return graph.op("Div", name, graph.op("Sqrt", graph.op("Max", total, graph.floats(1e-12))))

"""Layers that arrange the same numbers differently."""

from __future__ import annotations

from math import prod

from vistazo.keras_import.registry import LayerCall, register
from vistazo.keras_import.value import Shape, Value


@register("Flatten")
def flatten(call: LayerCall) -> Value:
    """keras.layers.Flatten. For ``channels_first`` it moves the channels last before it flattens."""
    value = call.input
    if call.config.data_format() == "channels_first" and value.rank > 2:  # noqa: PLR2004
        value = permuted(call, value, (0, *range(2, value.rank), 1))
    return call.graph.reshape(value, (None, value.elements))


@register("Reshape")
def reshape(call: LayerCall) -> Value:
    """keras.layers.Reshape, whose target has no batch, and keras.ops.reshape, whose target has."""
    if call.config.get("target_shape") is not None:
        return reshaped(call, call.input, (None, *call.config.integers("target_shape")))
    target = call.argument("newshape", 1) or call.argument("shape", 1)
    return reshaped(call, call.input, batch_first(call, target))


def batch_first(call: LayerCall, target: object) -> Shape:
    """An operation's target shape. Its first axis has to be the batch."""
    if not isinstance(target, list) or not target:
        raise call.refusal("its target shape is not a list of numbers")
    sizes = [item if isinstance(item, int) else -1 for item in target]
    if sizes[0] == -1:
        return (None, *sizes[1:])
    raise call.refusal("its target shape fixes the number of pictures")


def reshaped(call: LayerCall, value: Value, target: Shape) -> Value:
    """The value in another shape, in which one -1 stands for what is left."""
    known = prod(n for n in target if n is not None and n != -1)
    free = [i for i, n in enumerate(target) if n == -1]
    if free and known and value.elements % known == 0:
        target = tuple(value.elements // known if n == -1 else n for n in target)
    if len(free) > 1 or prod(n for n in target if n is not None) != value.elements:
        raise call.refusal(f"{value.shape[1:]} does not fit into {target[1:]}")
    return call.graph.reshape(value, target)


@register("Permute")
def permute(call: LayerCall) -> Value:
    """keras.layers.Permute: ``dims`` count from 1, the batch stays first."""
    dims = call.config.integers("dims")
    if sorted(dims) != list(range(1, call.input.rank)):
        raise call.config.wrong("dims", "an order of the axes", dims)
    return permuted(call, call.input, (0, *dims))


def permuted(call: LayerCall, value: Value, order: tuple[int, ...]) -> Value:
    """The axes in another order; the batch stays first."""
    if order[0] != 0:
        raise call.refusal("it moves the axis of the batch")
    shape = tuple(value.shape[axis] for axis in order)
    if order == tuple(range(value.rank)):
        return value
    name = call.graph.op("Transpose", call.graph.plain(value), perm=order)
    return call.graph.value(name, shape, value, dtype=value.dtype)


@register("RepeatVector")
def repeat_vector(call: LayerCall) -> Value:
    """keras.layers.RepeatVector: (n, c) -> (n, times, c)."""
    value, times, graph = call.input, call.config.integer("n"), call.graph
    row = graph.reshape(value, (None, 1, value.elements))
    name = graph.op("Tile", row.name, graph.integers([1, times, 1]))
    return graph.value(name, (None, times, value.elements), value)

"""Layers that arrange the same numbers differently."""

from __future__ import annotations

from math import prod

from vistazo.models.keras_import.elementwise import broadcast
from vistazo.models.keras_import.layers.merge import join
from vistazo.models.keras_import.operations import operation
from vistazo.models.keras_import.registry import LayerCall, keras_layer
from vistazo.models.keras_import.value import Shape, Value


@keras_layer("Flatten")
def flatten(call: LayerCall) -> Value:
    """keras.layers.Flatten, which moves channels that are first last before it flattens."""
    value = call.input
    if call.config.data_format() == "channels_first" and value.rank > 2:
        value = permuted(call, value, (0, *range(2, value.rank), 1))
    return call.graph.reshape(value, (None, value.elements))


@keras_layer("Reshape")
def reshape(call: LayerCall) -> Value:
    """keras.layers.Reshape, whose target has no batch, and keras.ops.reshape, whose target has."""
    if call.config.get("target_shape") is not None:
        return reshaped(call, call.input, (None, *call.config.integers("target_shape")))
    target = call.argument("newshape", 1) or call.argument("shape", 1)
    return reshaped(call, call.input, batch_first(call, target))


def batch_first(call: LayerCall, target: object) -> Shape:
    """An operation's target shape, of numbers and sizes. Its first axis has to be the batch."""
    if not isinstance(target, list) or not target:
        raise call.refusal("its target shape is not a list of numbers")
    sizes = [_size(item) for item in target]
    if sizes[0] not in (None, -1):
        raise call.refusal("its target shape fixes the number of pictures")
    return (None, *(-1 if size is None else size for size in sizes[1:]))


def _size(item: object) -> int | None:
    if isinstance(item, Value) and item.sizes is not None and len(item.sizes) == 1:
        return item.sizes[0]
    return item if isinstance(item, int) else None


def reshaped(call: LayerCall, value: Value, target: Shape) -> Value:
    """The value in another shape, in which one -1 stands for what is left."""
    known = prod(n for n in target if n is not None and n != -1)
    free = [i for i, n in enumerate(target) if n == -1]
    if free and known and value.elements % known == 0:
        target = tuple(value.elements // known if n == -1 else n for n in target)
    if len(free) > 1 or prod(n for n in target if n is not None) != value.elements:
        raise call.refusal(f"{value.shape[1:]} does not fit into {target[1:]}")
    return call.graph.reshape(value, target)


@keras_layer("Permute")
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


@keras_layer("RepeatVector")
def repeat_vector(call: LayerCall) -> Value:
    """keras.layers.RepeatVector: (n, c) -> (n, times, c)."""
    value, times, graph = call.input, call.config.integer("n"), call.graph
    row = graph.reshape(value, (None, 1, value.elements))
    name = graph.op("Tile", row.name, graph.integers([1, times, 1]))
    return graph.value(name, (None, times, value.elements), value)


@operation(tf="shape")
def shape_of(call: LayerCall) -> Value:
    """tf.shape. What is taken of it and used as a size is known here already."""
    value, graph = call.input, call.graph
    name = graph.op("Shape", graph.plain(value))
    return Value(name, (value.rank,), dtype="int64", sizes=value.shape, parents=(value,))


@operation("BroadcastTo", tf="broadcast_to")
def broadcast_to(call: LayerCall) -> Value:
    """Axes of length 1 repeated up to a shape that starts with the batch."""
    value, graph = call.input, call.graph
    target = batch_first(call, call.argument("shape", 1))
    if broadcast([value.shape, target]) != target:
        raise call.refusal(f"{value.shape} does not broadcast to {target}")
    ones = [1 if n is None else n for n in target]
    name = graph.op("Expand", graph.plain(value), graph.integers(ones))
    return graph.value(name, target, value, dtype=value.dtype)


@operation(tf="reshape")
def tensorflow_reshape(call: LayerCall) -> Value:
    """tf.reshape."""
    return reshaped(call, call.input, batch_first(call, call.argument("shape", 1)))


@operation("Ravel", tf="layers.flatten")
def ravel(call: LayerCall) -> Value:
    """All of a picture's numbers in one row."""
    return call.graph.reshape(call.input, (None, call.input.elements))


@operation("Transpose", tf="transpose")
def transpose(call: LayerCall) -> Value:
    """keras.ops.transpose and tf.transpose."""
    order = call.argument("axes", 1, call.kwargs.get("perm"))
    if not isinstance(order, list) or sorted(order) != list(range(call.input.rank)):
        raise call.refusal("its order of axes is not written out")
    return permuted(call, call.input, tuple(order))


@operation("Swapaxes", "Moveaxis")
def swap(call: LayerCall) -> Value:
    """keras.ops.swapaxes and keras.ops.moveaxis, of one axis."""
    rank, swaps = call.input.rank, call.layer.class_name == "Swapaxes"
    names = ("axis1", "axis2") if swaps else ("source", "destination")
    first, second = (call.options.integers(name)[0] % rank for name in names)
    order = list(range(rank))
    if swaps:
        order[first], order[second] = second, first
    else:
        order.insert(second, order.pop(first))
    return permuted(call, call.input, tuple(order))


@operation("ExpandDims", tf="expand_dims")
def expand_dims(call: LayerCall) -> Value:
    """A new axis of length 1."""
    value, axis = call.input, call.argument("axis", 1)
    if not isinstance(axis, int):
        raise call.refusal("its axis is not a number")
    at = axis % (value.rank + 1)
    return call.graph.reshape(value, (*value.shape[:at], 1, *value.shape[at:]))


@operation("Squeeze", tf="squeeze")
def squeeze(call: LayerCall) -> Value:
    """Axes of length 1 dropped."""
    value, given = call.input, call.numbers("axis", 1)
    axes = [axis % value.rank for axis in given or ()]
    axes = axes or [i for i, n in enumerate(value.shape) if n == 1]
    if any(value.shape[axis] != 1 for axis in axes):
        raise call.refusal("it drops an axis that is longer than 1")
    return call.graph.reshape(value, tuple(n for i, n in enumerate(value.shape) if i not in axes))


@operation("Stack", tf="stack")
def stack(call: LayerCall) -> Value:
    """Tensors side by side along a new axis."""
    values, axis = call.inputs, call.argument("axis", 1, 0)
    if not isinstance(axis, int):
        raise call.refusal("its axis is not a number")
    at = axis % (values[0].rank + 1)
    wide = [
        call.graph.reshape(value, (*value.shape[:at], 1, *value.shape[at:])) for value in values
    ]
    return join(call, wide, at)


@operation("Tile", tf="tile")
def tile(call: LayerCall) -> Value:
    """Repeated as a whole along every axis but the batch."""
    value = call.input
    repeats = call.argument("repeats", 1, call.kwargs.get("multiples"))
    if not isinstance(repeats, list) or len(repeats) != value.rank or repeats[0] != 1:
        raise call.refusal("its repeats are not one number per axis, 1 for the batch")
    name = call.graph.op("Tile", call.graph.plain(value), call.graph.integers(repeats))
    shape = (value.shape[0], *(value.size(i) * repeats[i] for i in range(1, value.rank)))
    return call.graph.value(name, shape, value, dtype=value.dtype)


@operation("Pad", tf="pad")
def pad(call: LayerCall) -> Value:
    """keras.ops.pad and tf.pad, by zeros or another number, by reflection, by the border."""
    value, widths = call.input, call.argument("pad_width", 1, call.kwargs.get("paddings"))
    mode = str(call.argument("mode", 2, "constant")).lower()
    modes = {"constant": "constant", "reflect": "reflect", "edge": "edge"}
    if not isinstance(widths, list) or mode not in modes:
        raise call.refusal(f"its padding is '{mode}' or not written out")
    pairs = [item if isinstance(item, list) else [item, item] for item in widths]
    pairs = pairs * value.rank if len(pairs) == 1 else pairs
    if len(pairs) != value.rank or pairs[0] != [0, 0]:
        raise call.refusal("it pads the batch")
    constant = call.argument("constant_values", 3, 0.0)
    flat = [pair[0] for pair in pairs] + [pair[1] for pair in pairs]
    graph = call.graph
    names = [graph.plain(value), graph.integers(flat)]
    names += [graph.floats(constant)] if mode == "constant" else []
    shape = (None, *(value.size(i) + sum(pairs[i]) for i in range(1, value.rank)))
    return graph.value(graph.op("Pad", *names, mode=modes[mode]), shape, value)


@operation("Flip", tf="reverse")
def flip(call: LayerCall) -> Value:
    """The other way round along some axes."""
    value, given = call.input, call.numbers("axis", 1)
    axes = [axis % value.rank for axis in given or (0,)]
    if 0 in axes:
        raise call.refusal("it reverses the batch")
    graph, count = call.graph, len(axes)
    lists = ([-1] * count, [-(1 << 31)] * count, axes, [-1] * count)
    name = graph.op("Slice", graph.plain(value), *(graph.integers(item) for item in lists))
    return graph.value(name, value.shape, value, dtype=value.dtype)

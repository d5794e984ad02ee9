"""Operations that take tensors apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from vistazo.models.keras_import.graph import MAX_OUTPUTS
from vistazo.models.keras_import.operations import operation
from vistazo.models.keras_import.registry import LayerCall
from vistazo.models.keras_import.value import Value

# ONNX's way to say "down to and including element 0" with a negative step.
_BEFORE_START = -(1 << 31)


@dataclass
class _Cut:
    """A subscript, spelled out axis by axis."""

    axes: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    shape: list[int | None] = field(default_factory=list)
    final: list[int | None] = field(default_factory=list)


@operation("GetItem", tf="__operators__.getitem")
def get_item(call: LayerCall) -> Value:
    """``x[key]`` as numpy means it: slices, numbers, ``...`` and new axes; not on the batch."""
    key = call.argument("key", 1, call.kwargs.get("slice_spec"))
    keys = key if isinstance(key, list) else [key]
    cut = _spell_out(call, _without_dots(keys, call.input.rank))
    out = _cut(call, call.input, cut)
    if call.input.sizes is None or len(keys) != 1:
        return out
    at = keys[0]
    if isinstance(at, int):
        return replace(out, sizes=(call.input.sizes[at],))
    return replace(out, sizes=call.input.sizes[at]) if isinstance(at, slice) else out


@operation("Slice", tf="slice strided_slice")
def plain_slice(call: LayerCall) -> Value:
    """keras.ops.slice and tf.slice: a start and a size per axis."""
    value = call.input
    starts = call.argument("start_indices", 1, call.kwargs.get("begin"))
    sizes = call.argument("shape", 2, call.kwargs.get("size"))
    if not isinstance(starts, list) or not isinstance(sizes, list):
        raise call.refusal("it is not cut at numbers")
    keys: list[object] = []
    for axis, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        whole = axis == 0 or size in (-1, None)
        keys.append(slice(start or None, None if whole else start + size, None))
    return _cut(call, value, _spell_out(call, keys))


@operation("Split", tf="split")
def split(call: LayerCall) -> Sequence[Value]:
    """keras.ops.split (sections or places to cut at) and tf.split (a number or sizes)."""
    value, graph = call.input, call.graph
    axis = call.argument("axis", 2, 0)
    cuts = call.argument("indices_or_sections", 1)
    sizes = call.argument("num_or_size_splits", 1) if cuts is None else None
    if not isinstance(axis, int) or axis % value.rank == 0:
        raise call.refusal("it splits the batch")
    axis %= value.rank
    lengths = _lengths(call, value.size(axis), cuts, sizes)
    stored = graph.stored_axis(value, axis)
    names = graph.ops(
        "Split", value.name, graph.integers(lengths), outputs=len(lengths), axis=stored
    )
    parts = []
    for name, length in zip(names, lengths, strict=True):
        shape = (*value.shape[:axis], length, *value.shape[axis + 1 :])
        parts.append(
            Value(name, shape, value.moved, value.channel_axis, dtype=value.dtype, parents=(value,))
        )
    return parts


@operation("Unstack", tf="unstack")
def unstack(call: LayerCall) -> Sequence[Value]:
    """One tensor for every place along an axis."""
    axis = call.argument("axis", 2, 0)
    if not isinstance(axis, int) or axis % call.input.rank == 0:
        raise call.refusal("it takes the batch apart")
    axis %= call.input.rank
    before: list[object] = [slice(None)] * axis
    return [
        _cut(call, call.input, _spell_out(call, [*before, place]))
        for place in range(call.input.size(axis))
    ]


def _lengths(call: LayerCall, length: int, cuts: object, sizes: object) -> list[int]:
    number = cuts if cuts is not None else sizes
    if isinstance(number, int) and 0 < number <= MAX_OUTPUTS and length % number == 0:
        return [length // number] * number
    listed = cuts if isinstance(cuts, list) else sizes
    if not isinstance(listed, list) or not all(isinstance(item, int) for item in listed):
        raise call.refusal("it does not split at numbers")
    if isinstance(cuts, list):
        edges = [0, *cuts, length]
        return [end - start for start, end in pairwise(edges)]
    rest = length - sum(size for size in listed if size >= 0)
    return [rest if size < 0 else size for size in listed]


def _without_dots(keys: list[object], rank: int) -> list[object]:
    used = sum(1 for key in keys if key is not None and key is not ...)
    if ... not in keys:
        return keys
    at = keys.index(...)
    return [*keys[:at], *[slice(None)] * (rank - used), *keys[at + 1 :]]


def _spell_out(call: LayerCall, keys: list[object]) -> _Cut:
    cut, axis, rank = _Cut(), 0, call.input.rank
    for key in [*keys, *[slice(None)] * rank]:
        if key is None:
            cut.final.append(1)
        elif axis < rank:
            _cut_axis(call, cut, axis, key)
            axis += 1
    return cut


def _cut_axis(call: LayerCall, cut: _Cut, axis: int, key: object) -> None:
    size = call.input.shape[axis]
    if key == slice(None) or (size is None and _is_whole(key)):
        cut.shape.append(size)
        cut.final.append(size)
        return
    if size is None:
        raise call.refusal("it picks single pictures out of the batch")
    if isinstance(key, int) and -size <= key < size:
        start, stop, step = key % size, key % size + 1, 1
        cut.dropped.append(axis)
    elif isinstance(key, slice):
        start, stop, step = key.indices(size)
    else:
        raise call.refusal(f"its subscript {str(key)[:40]} is not a number or a slice")
    length = len(range(start, stop, step))
    cut.axes.append(axis)
    cut.starts.append(start)
    cut.ends.append(stop if stop >= 0 else _BEFORE_START)
    cut.steps.append(step)
    cut.shape.append(length)
    if axis not in cut.dropped:
        cut.final.append(length)


def _is_whole(key: object) -> bool:
    return isinstance(key, slice) and not key.start and key.stop is None and key.step in (None, 1)


def _cut(call: LayerCall, value: Value, cut: _Cut) -> Value:
    graph = call.graph
    stays = cut.shape == cut.final
    source = value.name if stays else graph.plain(value)
    axes = [graph.stored_axis(value, axis) for axis in cut.axes] if stays else cut.axes
    if cut.axes:
        lists = (cut.starts, cut.ends, axes, cut.steps)
        source = graph.op("Slice", source, *(graph.integers(item) for item in lists))
    shape = tuple(cut.shape)
    if stays:
        axis = value.channel_axis
        return Value(source, shape, value.moved, axis, dtype=value.dtype, parents=(value,))
    sliced = graph.value(source, shape, value, dtype=value.dtype)
    return graph.reshape(sliced, tuple(cut.final))

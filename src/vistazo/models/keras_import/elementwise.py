"""Operations on pairs of elements, with broadcasting, in whichever layout the operands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import UnsupportedModelError
from vistazo.models.keras_import.graph import Floats, Graph
from vistazo.models.keras_import.value import IMAGE_RANK, DType, Shape, Value
from vistazo.models.keras_import.weight import Weight

_CHANNELS_FIRST = (0, 3, 1, 2)
Operand = Value | float | NDArray[np.float32]


def combine(
    graph: Graph, op_type: str, left: Operand, right: Operand, dtype: DType | None = None
) -> Value:
    """``left op right``, broadcast from the right as numpy does it."""
    values = [item for item in (left, right) if isinstance(item, Value)]
    shape = broadcast([_shape(left), _shape(right)])
    moved = len(shape) == IMAGE_RANK and any(value.moved for value in values)
    names = [_stored(graph, item, len(shape), moved, values) for item in (left, right)]
    maps = [value.channel_axis for value in values if value.shape == shape]
    return Value(
        graph.op(op_type, *names),
        shape,
        moved=moved,
        channel_axis=next((axis for axis in maps if axis is not None), None),
        dtype=dtype or values[0].dtype,
        parents=tuple(values),
    )


def combine_all(graph: Graph, op_type: str, values: Sequence[Value]) -> Value:
    """The operation over several tensors, from left to right."""
    total = values[0]
    for value in values[1:]:
        total = combine(graph, op_type, total, value)
    return total


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The shape that these broadcast to. Raises UnsupportedModelError where they do not."""
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    return tuple(_broadcast_axis(sizes, shapes) for sizes in zip(*padded, strict=True))


def _broadcast_axis(sizes: Sequence[int | None], shapes: Sequence[Shape]) -> int | None:
    wide = {size for size in sizes if size != 1}
    if len(wide) > 1:
        raise UnsupportedModelError(
            f"Tensors of shapes {' and '.join(map(str, shapes))} are combined, which do not "
            "broadcast to each other for every batch size."
        )
    return wide.pop() if wide else 1


@dataclass(frozen=True)
class AxisParameter:
    """Numbers along one axis of a value, made of weights when the file is written."""

    name: str
    sources: Sequence[Weight]
    size: int
    make: Callable[..., Floats] | None = None


def along_axis(graph: Graph, op_type: str, value: Value, axis: int, over: AxisParameter) -> Value:
    """``value op parameter``, the parameter's numbers lying along one axis of the value."""
    stored = graph.stored_axis(value, axis)
    shape = tuple(over.size if i == stored else 1 for i in range(value.rank))
    trailing = shape[stored:]
    name = graph.parameter(f"{over.name}.{len(trailing)}", over.sources, trailing, over.make)
    return graph.like(value, graph.op(op_type, value.name, name))


def _shape(item: Operand) -> Shape:
    return item.shape if isinstance(item, Value) else np.shape(item)


def _stored(graph: Graph, item: Operand, rank: int, moved: bool, values: Sequence[Value]) -> str:
    if not isinstance(item, Value):
        return _constant(graph, item, rank, moved, values[0].dtype)
    if not moved:
        return graph.plain(item)
    if item.rank < rank:
        # Only tensors without a batch axis of their own can be short of axes; see broadcast().
        wide = graph.op("Unsqueeze", item.name, graph.integers(range(rank - item.rank)))
        return graph.op("Transpose", wide, perm=_CHANNELS_FIRST)
    return graph.channels_first(item, "channels_last")


def _constant(graph: Graph, item: object, rank: int, moved: bool, dtype: DType) -> str:
    array = np.asarray(item, dtype=np.int64 if dtype == "int64" else np.float32)
    if moved and array.ndim:
        array = array.reshape((1,) * (rank - array.ndim) + array.shape).transpose(_CHANNELS_FIRST)
    return graph.array(np.ascontiguousarray(array))

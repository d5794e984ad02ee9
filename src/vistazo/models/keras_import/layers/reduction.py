"""Operations that take one number out of many."""

from __future__ import annotations

from vistazo.models.keras_import.elementwise import combine
from vistazo.models.keras_import.operations import function_name, operation
from vistazo.models.keras_import.registry import LayerCall
from vistazo.models.keras_import.value import IMAGE_RANK, Value

_REDUCTIONS = {
    "Mean": "ReduceMean",
    "Sum": "ReduceSum",
    "Max": "ReduceMax",
    "Min": "ReduceMin",
    "Prod": "ReduceProd",
    "Logsumexp": "ReduceLogSumExp",
    "math.reduce_mean": "ReduceMean",
    "math.reduce_sum": "ReduceSum",
    "math.reduce_max": "ReduceMax",
    "math.reduce_min": "ReduceMin",
    "math.reduce_prod": "ReduceProd",
    "math.reduce_logsumexp": "ReduceLogSumExp",
}


@operation(*(n for n in _REDUCTIONS if n[0].isupper()), tf=" ".join(_REDUCTIONS))
def reduction(call: LayerCall) -> Value:
    """keras.ops.mean and so on, over axes that are not the batch."""
    axes, keep = _axes(call), _keeps(call)
    return reduce(call, _REDUCTIONS[function_name(call)], call.input, axes, keep=keep)


@operation("Var", "Std", tf="math.reduce_variance math.reduce_std")
def spread(call: LayerCall) -> Value:
    """The mean squared distance from the mean, or its root."""
    axes, graph = _axes(call), call.graph
    mean = reduce(call, "ReduceMean", call.input, axes, keep=True)
    distance = combine(graph, "Sub", call.input, mean)
    square = combine(graph, "Mul", distance, distance)
    variance = reduce(call, "ReduceMean", square, axes, keep=_keeps(call))
    if function_name(call) in ("Var", "math.reduce_variance"):
        return variance
    return graph.like(variance, graph.op("Sqrt", variance.name))


@operation("Norm", tf="norm linalg.norm")
def norm(call: LayerCall) -> Value:
    """The Euclidean norm."""
    if call.argument("ord", 1, "euclidean") not in ("euclidean", "fro", 2):
        raise call.refusal("it is not the Euclidean norm")
    return reduce(call, "ReduceL2", call.input, _axes(call), keep=_keeps(call))


@operation("Normalize", tf="math.l2_normalize linalg.l2_normalize nn.l2_normalize")
def normalize(call: LayerCall) -> Value:
    """``x / sqrt(max(sum(x^2), 1e-12))``: tf.math.l2_normalize, keras.ops.normalize of order 2."""
    if call.argument("order", 2, 2) != 2:
        raise call.refusal("it is not of order 2")
    graph = call.graph
    total = reduce(call, "ReduceSumSquare", call.input, _axes(call), keep=True)
    floor = combine(graph, "Max", total, 1e-12)
    return combine(graph, "Div", call.input, graph.like(floor, graph.op("Sqrt", floor.name)))


@operation("Argmax", "Argmin", tf="math.argmax math.argmin")
def argument(call: LayerCall) -> Value:
    """The place of the largest or smallest number."""
    value, graph = call.input, call.graph
    axes = _axes(call)
    if len(axes) != 1:
        raise call.refusal("it searches over several axes")
    op_type = "ArgMax" if "max" in function_name(call) else "ArgMin"
    keep = _keeps(call)
    name = graph.op(op_type, graph.plain(value), axis=axes[0], keepdims=int(keep))
    return graph.value(name, _left(value, axes, keep=keep), value, dtype="int64")


def reduce(
    call: LayerCall, op_type: str, value: Value, axes: tuple[int, ...], *, keep: bool
) -> Value:
    """A reduction over Keras axes, in whichever layout the value lies where that is possible."""
    graph, shape = call.graph, _left(value, axes, keep=keep)
    both_sides = axes == (1, 2) or axes == (IMAGE_RANK - 1,)
    if value.moved and (keep or both_sides):
        stored = sorted(graph.stored_axis(value, axis) for axis in axes)
        name = graph.op(op_type, value.name, graph.integers(stored), keepdims=int(keep))
        axis = value.channel_axis if keep else None
        return Value(name, shape, keep, axis, dtype=value.dtype, parents=(value,))
    name = graph.op(op_type, graph.plain(value), graph.integers(axes), keepdims=int(keep))
    return graph.value(name, shape, value, dtype=value.dtype)


def _left(value: Value, axes: tuple[int, ...], *, keep: bool) -> tuple[int | None, ...]:
    if keep:
        return tuple(1 if i in axes else n for i, n in enumerate(value.shape))
    return tuple(n for i, n in enumerate(value.shape) if i not in axes)


def _axes(call: LayerCall) -> tuple[int, ...]:
    given = call.numbers("axis", 1, "axes")
    if given is None:
        raise call.refusal("it reduces the whole batch to one number")
    axes = tuple(sorted(axis % call.input.rank for axis in given))
    if 0 in axes:
        raise call.refusal("it reduces over the pictures of the batch")
    return axes


def _keeps(call: LayerCall) -> bool:
    return bool(call.argument("keepdims", 2, default=False))

"""Layers that multiply by a matrix."""

from __future__ import annotations

from vistazo.models.keras_import.dialect import Layer
from vistazo.models.keras_import.layers.activation import apply_activation
from vistazo.models.keras_import.registry import LayerCall, keras_layer, slots
from vistazo.models.keras_import.value import Value
from vistazo.models.keras_import.weights import Slot

_MATRIX = 2


@keras_layer("Dense", weights=slots("kernel", bias="use_bias"))
def dense(call: LayerCall) -> Value:
    """keras.layers.Dense: ``activation(x @ kernel + bias)`` over the last axis."""
    value, units = call.input, call.config.integer("units")
    if value.rank < _MATRIX:
        raise call.refusal(f"its input is of rank {value.rank}")
    shape = (value.size(-1), units)
    graph = call.graph
    kernel = graph.parameter(call.name("kernel"), [call.weight("kernel", shape)], shape)
    bias = (
        graph.parameter(call.name("bias"), [call.weight("bias", (units,))], (units,))
        if call.config.flag("use_bias", default=True)
        else None
    )
    source = graph.plain(value)
    if value.rank == _MATRIX:
        name = graph.op("Gemm", source, kernel, *([bias] if bias else []))
    else:
        name = graph.op("MatMul", source, kernel)
        name = graph.op("Add", name, bias) if bias else name
    out = graph.like(graph.value(name, (*value.shape[:-1], units), value), name, "linear")
    return apply_activation(call, out, call.config.get("activation"))


def _einsum_slots(layer: Layer) -> tuple[Slot, ...]:
    has_bias = layer.config.get("bias_axes") is not None
    return (Slot("kernel"), Slot("bias")) if has_bias else (Slot("kernel"),)


@keras_layer("EinsumDense", "ExperimentalEinsumDense", weights=_einsum_slots)
def einsum_dense(call: LayerCall) -> Value:
    """keras.layers.EinsumDense: ``activation(einsum(equation, x, kernel) + bias)``."""
    value, equation = call.input, call.config.text("equation").replace(" ", "")
    sides, _, out_axes = equation.partition("->")
    in_axes, _, kernel_axes = sides.partition(",")
    in_axes, out_axes = _name_dots(in_axes, out_axes, value.rank)
    wanted = call.config.get("output_shape")
    sizes = dict(zip(in_axes, value.shape, strict=True))
    given = wanted if isinstance(wanted, list) else [wanted]
    for axis, size in zip(reversed(out_axes), reversed(given), strict=False):
        if isinstance(size, int):
            sizes.setdefault(axis, size)
    kernel_shape = tuple(_known(call, sizes, axis) for axis in kernel_axes)
    out_shape = tuple(sizes[axis] for axis in out_axes)
    graph = call.graph
    kernel = graph.parameter(
        call.name("kernel"), [call.weight("kernel", kernel_shape)], kernel_shape
    )
    text = f"{in_axes},{kernel_axes}->{out_axes}"
    name = graph.op("Einsum", graph.plain(value), kernel, equation=text)
    if call.config.get("bias_axes") is not None:
        name = graph.op("Add", name, _einsum_bias(call, out_axes, sizes))
    out = graph.like(graph.value(name, out_shape, value), name, "linear")
    return apply_activation(call, out, call.config.get("activation"))


def _name_dots(in_axes: str, out_axes: str, rank: int) -> tuple[str, str]:
    """``...`` spelled out in letters that the equation does not use."""
    if "..." not in in_axes:
        return in_axes, out_axes
    free = [chr(code) for code in range(ord("A"), ord("Z") + 1) if chr(code) not in in_axes]
    letters = "".join(free[: max(0, rank - len(in_axes) + 3)])
    return in_axes.replace("...", letters), out_axes.replace("...", letters)


def _known(call: LayerCall, sizes: dict[str, int | None], axis: str) -> int:
    size = sizes.get(axis)
    if size is None:
        raise call.refusal(f"the size of its axis '{axis}' is not known")
    return size


def _einsum_bias(call: LayerCall, out_axes: str, sizes: dict[str, int | None]) -> str:
    """The bias has the output's axes that ``bias_axes`` names, and length 1 along the others."""
    axes = call.config.text("bias_axes")
    first = min(out_axes.index(axis) for axis in axes)
    stored = tuple(_known(call, sizes, a) if a in axes else 1 for a in out_axes[first:])
    weight = call.weight("bias", stored)
    return call.graph.parameter(call.name("bias"), [weight], stored)

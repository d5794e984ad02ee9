"""Normalizations, as they act at inference."""

from __future__ import annotations

from math import prod

import numpy as np

from vistazo.models.keras_import.dialect import Layer
from vistazo.models.keras_import.elementwise import AxisParameter, along_axis, combine
from vistazo.models.keras_import.graph import Floats
from vistazo.models.keras_import.registry import LayerCall, keras_layer, slots
from vistazo.models.keras_import.value import IMAGE_RANK, Value
from vistazo.models.keras_import.weight import Weight
from vistazo.models.keras_import.weights import Slot

BATCH_NORMALIZATIONS = (
    "BatchNormalization",
    "BatchNormalizationV1",
    "BatchNormalizationV2",
    "SyncBatchNormalization",
)


def _batch_slots(layer: Layer) -> tuple[Slot, ...]:
    affine = [("gamma", "scale"), ("beta", "center")]
    trained = [Slot(name) for name, flag in affine if layer.config.flag(flag, default=True)]
    statistics = [Slot(name, statistic=True) for name in ("moving_mean", "moving_variance")]
    return (*trained, *statistics)


@keras_layer(*BATCH_NORMALIZATIONS, weights=_batch_slots)
def batch_normalization(call: LayerCall) -> Value:
    """keras.layers.BatchNormalization: ``gamma (x - mean) / sqrt(variance + epsilon) + beta``."""
    value = call.input
    if call.config.get("mode"):  # Keras 1
        raise call.refusal("it normalizes by the pictures that come together, or each by itself")
    axis = _single_axis(call, value)
    size, epsilon = value.size(axis), call.config.number("epsilon", default=1e-3)
    if value.rank == IMAGE_RANK and axis in (1, IMAGE_RANK - 1):
        return _on_map(call, value, axis, epsilon)
    if value.rank == 2:
        name = call.graph.op("BatchNormalization", value.name, *_four(call, size), epsilon=epsilon)
        return call.graph.like(value, name, "linear")
    mean, variance = (call.weight(f"moving_{name}", (size,)) for name in ("mean", "variance"))
    scaling = [call.weight("gamma", (size,))] if "gamma" in call.weights else []
    shifting = [call.weight("beta", (size,))] if "beta" in call.weights else []

    def scale(v: Floats, *gamma: Floats) -> Floats:
        return np.asarray((gamma[0] if gamma else 1) / np.sqrt(v + epsilon), dtype=np.float32)

    def shift(m: Floats, v: Floats, *rest: Floats) -> Floats:
        gamma, beta = rest[: len(scaling)], rest[len(scaling) :]
        return np.asarray((beta[0] if beta else 0) - m * scale(v, *gamma), dtype=np.float32)

    factor = AxisParameter(call.name("factor"), [variance, *scaling], size, scale)
    offset = AxisParameter(call.name("offset"), [mean, variance, *scaling, *shifting], size, shift)
    scaled = along_axis(call.graph, "Mul", value, axis, factor)
    return along_axis(call.graph, "Add", scaled, axis, offset)


def _on_map(call: LayerCall, value: Value, axis: int, epsilon: float) -> Value:
    data_format = "channels_first" if axis == 1 else "channels_last"
    source = call.graph.channels_first(value, data_format)  # type: ignore[arg-type]
    parameters = _four(call, value.size(axis))
    name = call.graph.op("BatchNormalization", source, *parameters, epsilon=epsilon)
    rows = (1, 2) if axis != 1 else (2, 3)
    shape = (value.size(axis), value.size(rows[0]), value.size(rows[1]))
    return call.graph.map(name, shape, data_format, value)  # type: ignore[arg-type]


def _four(call: LayerCall, size: int) -> list[str]:
    """Scale, shift, mean and variance, as ONNX wants them; what Keras left out is 1 and 0."""
    graph = call.graph
    names = []
    for name, neutral in (("gamma", 1.0), ("beta", 0.0)):
        if name in call.weights:
            names.append(graph.parameter(call.name(name), [call.weight(name, (size,))], (size,)))
        else:
            names.append(graph.filled((size,), neutral))
    statistics = ("moving_mean", "moving_variance")
    return names + [
        graph.parameter(call.name(name), [call.weight(name, (size,))], (size,))
        for name in statistics
    ]


def _single_axis(call: LayerCall, value: Value) -> int:
    axes = call.config.integers("axis", -1)
    if len(axes) != 1:
        raise call.refusal("it normalizes over several axes")
    return axes[0] % value.rank


@keras_layer("LayerNormalization", weights=slots(gamma="scale", beta="center"))
def layer_normalization(call: LayerCall) -> Value:
    """keras.layers.LayerNormalization: mean and variance over ``axis``, within one picture.

    ``rms_scaling`` leaves the mean in and has no beta.
    """
    value, graph = call.input, call.graph
    axes = sorted(axis % value.rank for axis in call.config.integers("axis", -1))
    if axes != list(range(value.rank - len(axes), value.rank)):
        raise call.refusal(f"it normalizes over axes {axes}, which are not the last ones")
    if call.config.flag("rms_scaling", default=False):
        return _root_mean_square(call, "gamma", axes)
    shape = tuple(value.size(axis) for axis in axes)
    gamma = _affine(call, "gamma", shape, 1.0)
    beta = _affine(call, "beta", shape, 0.0)
    name = graph.op(
        "LayerNormalization",
        graph.plain(value),
        gamma,
        beta,
        axis=axes[0],
        epsilon=call.config.number("epsilon", default=1e-3),
    )
    return _in_keras_order(value, name)


@keras_layer("RMSNormalization", weights=slots("scale"))
def rms_normalization(call: LayerCall) -> Value:
    """keras.layers.RMSNormalization: ``x / sqrt(mean(x^2) + epsilon) * scale``."""
    axes = sorted(axis % call.input.rank for axis in call.config.integers("axis", -1))
    return _root_mean_square(call, "scale", axes)


def _root_mean_square(call: LayerCall, scale: str, axes: list[int]) -> Value:
    graph, source = call.graph, graph_plain(call)
    shape = tuple(call.input.size(axis) for axis in axes)
    square = graph.op("ReduceMean", graph.op("Mul", source, source), graph.integers(axes))
    epsilon = graph.floats(call.config.number("epsilon", default=1e-6))
    name = graph.op("Div", source, graph.op("Sqrt", graph.op("Add", square, epsilon)))
    if scale in call.weights:
        name = graph.op("Mul", name, _affine(call, scale, shape, 1.0))
    return _in_keras_order(call.input, name)


def graph_plain(call: LayerCall) -> str:
    return call.graph.plain(call.input)


def _affine(call: LayerCall, name: str, shape: tuple[int, ...], neutral: float) -> str:
    if name in call.weights:
        return call.graph.parameter(call.name(name), [call.weight(name, shape)], shape)
    return call.graph.filled(shape, neutral)


def _in_keras_order(value: Value, name: str) -> Value:
    return Value(name, value.shape, channel_axis=value.channel_axis, parents=(value,))


@keras_layer("GroupNormalization", weights=slots(gamma="scale", beta="center"))
def group_normalization(call: LayerCall) -> Value:
    """keras.layers.GroupNormalization (Wu and He 2018): statistics over a group of channels.

    One group per channel and ``groups=-1`` both mean instance normalization, one per picture.
    """
    value, graph = call.input, call.graph
    axis = call.config.integer("axis", -1) % value.rank
    size, groups = value.size(axis), call.config.integer("groups", 32)
    groups = size if groups == -1 else groups
    if groups < 1 or size % groups:
        raise call.refusal(f"{size} channels do not divide into {groups} groups")
    if value.rank == IMAGE_RANK and axis == IMAGE_RANK - 1:
        source, moved = graph.channels_first(value, "channels_last"), True
    elif axis == 1:
        source, moved = graph.plain(value), False
    else:
        order = (0, axis, *(i for i in range(1, value.rank) if i != axis))
        source, moved = graph.op("Transpose", graph.plain(value), perm=order), False
    per_group = prod(n for n in value.shape if n is not None) // groups
    rows = graph.op("Reshape", source, graph.integers([-1, groups, per_group]))
    ones, zeros = graph.filled((groups,), 1.0), graph.filled((groups,), 0.0)
    epsilon = call.config.number("epsilon", default=1e-3)
    # Instance normalization of (n, groups, rest) is group normalization of (n, channels, ...).
    rows = graph.op("InstanceNormalization", rows, ones, zeros, epsilon=epsilon)
    others = [value.size(i) for i in range(1, value.rank) if i != axis]
    name = graph.op("Reshape", rows, graph.integers([-1, size, *others]))
    if not moved and axis != 1:
        back = (0, *range(2, axis + 1), 1, *range(axis + 1, value.rank))
        name = graph.op("Transpose", name, perm=back)
    out = Value(name, value.shape, moved, value.channel_axis, parents=(value,))
    for part, op_type in (("gamma", "Mul"), ("beta", "Add")):
        if part in call.weights:
            source_weight = [call.weight(part, (size,))]
            over = AxisParameter(call.name(part), source_weight, size)
            out = along_axis(graph, op_type, out, axis, over)
    return out


@keras_layer("UnitNormalization")
def unit_normalization(call: LayerCall) -> Value:
    """keras.layers.UnitNormalization: ``x / max(|x|_2, 1e-6)``, ``ops.normalize`` of order 2."""
    value, graph = call.input, call.graph
    axes = sorted(axis % value.rank for axis in call.config.integers("axis", -1))
    source = graph.plain(value)
    total = graph.op("ReduceSumSquare", source, graph.integers(axes))
    floor = graph.op("Max", total, graph.floats(1e-12))
    return _in_keras_order(value, graph.op("Div", source, graph.op("Sqrt", floor)))


def _normalization_slots(layer: Layer) -> tuple[Slot, ...]:
    if layer.config.get("mean") is not None:
        return ()
    # The count of adapted samples serves training alone; Keras 2 keeps it, always last.
    names = [("mean", False), ("variance", False), ("count", True)]
    return tuple(Slot(name, statistic=True, optional=spare) for name, spare in names)


@keras_layer("Normalization", weights=_normalization_slots)
def normalization(call: LayerCall) -> Value:
    """keras.layers.Normalization: ``(x - mean) / max(sqrt(variance), 1e-7)``; or its inverse."""
    value = call.input
    if call.config.get("mean") is not None:
        return _with_constants(call, value)
    axes = [axis % value.rank for axis in call.config.integers("axis", -1)]
    if call.config.get("axis", default=-1) == []:
        axes = []
    if len(axes) > 1:
        raise call.refusal("it normalizes over several axes")
    size = value.size(axes[0]) if axes else 1
    mean, variance = (_statistic(call, name, size) for name in ("mean", "variance"))
    axis = axes[0] if axes else value.rank - 1

    def deviation(v: Floats) -> Floats:
        return np.maximum(np.sqrt(v.reshape(-1)), np.float32(1e-7))

    def flat(m: Floats) -> Floats:
        return m.reshape(-1)

    steps = [("Sub", "mean", mean, flat), ("Div", "deviation", variance, deviation)]
    if call.config.flag("invert", default=False):
        steps = [("Mul", *steps[1][1:]), ("Add", *steps[0][1:])]
    for op_type, name, weight, make in steps:
        over = AxisParameter(call.name(name), [weight], size, make)
        value = along_axis(call.graph, op_type, value, axis, over)
    return value


def _statistic(call: LayerCall, name: str, size: int) -> Weight:
    weight = call.weights.get(name)
    shape = weight.shape if weight is not None and prod(weight.shape) == size else (size,)
    return call.weight(name, shape)


def _with_constants(call: LayerCall, value: Value) -> Value:
    mean = np.asarray(call.config.get("mean"), dtype=np.float32)
    variance = np.asarray(call.config.get("variance"), dtype=np.float32)
    deviation = np.maximum(np.sqrt(variance), np.float32(1e-7))
    if call.config.flag("invert", default=False):
        return combine(call.graph, "Add", combine(call.graph, "Mul", value, deviation), mean)
    return combine(call.graph, "Div", combine(call.graph, "Sub", value, mean), deviation)

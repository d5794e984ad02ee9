"""Convolutions that have a kernel of their own at every place; only Keras 1 and 2 have them.

ONNX has no such thing: the numbers that each place sees are gathered as the channels of one pixel,
and a convolution of as many groups as there are places multiplies each by its own matrix. (MatMul
would be plainer, but ends the process where there are no pictures: ONNX Runtime 1.31.)
"""

from __future__ import annotations

from dataclasses import replace

from vistazo.models.keras_import.graph import MAX_CONSTANT
from vistazo.models.keras_import.layers.activation import apply_activation
from vistazo.models.keras_import.layers.local_windows import (
    LocalWindows,
    dense_kernels,
    kernel_shape,
    local_windows,
)
from vistazo.models.keras_import.layers.shape import permuted
from vistazo.models.keras_import.layers.window import Window
from vistazo.models.keras_import.registry import LayerCall, keras_layer, slots
from vistazo.models.keras_import.value import IMAGE_RANK, Value

_RANKS = {"LocallyConnected1D": IMAGE_RANK - 1, "LocallyConnected2D": IMAGE_RANK}
_IMPLEMENTATIONS = (1, 2, 3)


@keras_layer(*_RANKS, weights=slots("kernel", bias="use_bias"))
def locally_connected(call: LayerCall) -> Value:
    """keras.layers.LocallyConnected2D of Keras 2, and along a sequence LocallyConnected1D."""
    value, graph, filters = call.input, call.graph, call.config.integer("filters")
    windows = _windows(call, value)
    flat = graph.reshape(value, (None, value.elements))
    seen = graph.op("Gather", flat.name, graph.array(windows.seen.reshape(-1)), axis=1)
    places, channels = windows.places, windows.places * windows.window
    pixel = graph.reshape(graph.value(seen, (None, channels)), (None, 1, 1, channels))
    inputs = [graph.channels_first(pixel, "channels_last"), _kernels(call, windows, filters)]
    name = graph.op("Conv", *inputs, group=places, kernel_shape=(1, 1))
    out = graph.map(name, (places * filters, 1, 1), "channels_last", value)
    out = graph.reshape(out, (None, places, filters))
    if not windows.is_last:
        out = permuted(call, out, (0, 2, 1))
    if call.config.flag("use_bias", default=True):
        # To channels that are first Keras adds the bias as it lies, not transposed.
        shape = (places, filters) if windows.is_last else (filters, places)
        bias = call.weight("bias", (*windows.out, filters))
        added = graph.parameter(call.name("bias"), [bias], shape)
        out = graph.like(out, graph.op("Add", out.name, added))
    out = graph.reshape(out, _shape(windows, filters))
    axis = None if value.rank < IMAGE_RANK else value.rank - 1 if windows.is_last else 1
    out = replace(out, channel_axis=axis, activation="linear", parents=(value,))
    return apply_activation(call, out, call.config.get("activation"))


def _shape(windows: LocalWindows, filters: int) -> tuple[int | None, ...]:
    return (None, *windows.out, filters) if windows.is_last else (None, filters, *windows.out)


def _kernels(call: LayerCall, windows: LocalWindows, filters: int) -> str:
    implementation = call.config.integer("implementation", 1)
    if implementation not in _IMPLEMENTATIONS:
        raise call.config.wrong("implementation", "1, 2 or 3", implementation)
    stored = call.weight("kernel", kernel_shape(windows, filters, implementation))
    return call.graph.parameter(
        call.name("kernel"),
        [stored],
        (windows.places * filters, windows.window, 1, 1),
        lambda array: dense_kernels(array, windows, filters, implementation),
    )


def _windows(call: LayerCall, value: Value) -> LocalWindows:
    if value.rank != _RANKS[call.layer.class_name]:
        raise call.refusal(f"its input is of rank {value.rank}")
    is_last, axes = call.config.data_format() == "channels_last", value.rank - 2
    kernel, strides = (_each(call, name, axes) for name in ("kernel_size", "strides"))
    sizes = [value.size(axis) for axis in range(1 if is_last else 2, axes + (1 if is_last else 2))]
    padding = call.config.text("padding", "valid")
    channels = value.size(-1 if is_last else 1)
    along = [Window(*numbers) for numbers in zip(sizes, kernel, strides, strict=True)]
    windows = None
    if padding in ("valid", "same"):
        windows = local_windows(along, padding, channels, is_last=is_last, most=MAX_CONSTANT)
    if windows is None:
        raise call.refusal(f"its window {kernel} ('{padding}') does not fit into {tuple(sizes)}")
    return windows


def _each(call: LayerCall, name: str, axes: int) -> tuple[int, ...]:
    """A number for each axis; one stands for all."""
    numbers = call.config.integers(name, 1)
    if len(numbers) not in (1, axes):
        raise call.config.wrong(name, f"{axes} whole numbers", numbers)
    return numbers * axes if len(numbers) == 1 else numbers

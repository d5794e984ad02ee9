"""Convolutions. Kernels: Keras (h, w, in, out), ONNX (out, in, h, w)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vistazo.models.keras_import.dialect import Layer
from vistazo.models.keras_import.graph import Floats
from vistazo.models.keras_import.layers.activation import apply_activation
from vistazo.models.keras_import.layers.window import PADDINGS, Fit, Window, fit
from vistazo.models.keras_import.registry import LayerCall, keras_layer, slots
from vistazo.models.keras_import.value import IMAGE_RANK, Value
from vistazo.models.keras_import.weights import Slot

_SPATIAL = {"channels_last": (1, 2), "channels_first": (2, 3)}


def channels_of(call: LayerCall, value: Value) -> int:
    """The channels of a map. Raises UnsupportedModelError where the tensor is no map."""
    if value.rank != IMAGE_RANK:
        raise call.refusal(f"its input is of rank {value.rank}, not a picture or feature map")
    return value.size(3 if call.config.data_format() == "channels_last" else 1)


def spatial_size(call: LayerCall, value: Value) -> tuple[int, int]:
    """Height and width of a map."""
    channels_of(call, value)
    rows, columns = _SPATIAL[call.config.data_format()]
    return value.size(rows), value.size(columns)


def fit_windows(
    call: LayerCall, value: Value, kernel: tuple[int, int], strides: tuple[int, int] | None = None
) -> tuple[Fit, Fit]:
    """Fit the layer's window on both axes of its input."""
    strides = strides or call.config.pair("strides", 1)
    dilations = call.config.pair("dilation_rate", 1)
    padding = call.config.text("padding", "valid")
    if padding not in PADDINGS:
        raise call.refusal(f"its padding is '{padding}'")
    fits = [
        fit(Window(size, kernel[i], strides[i], dilations[i]), padding)
        for i, size in enumerate(spatial_size(call, value))
    ]
    if fits[0] is None or fits[1] is None:
        raise call.refusal(f"its window {kernel} does not fit into {spatial_size(call, value)}")
    return fits[0], fits[1]


@dataclass(frozen=True)
class Kernel:
    """The weights of one convolution, as names of constants, and their extent."""

    weight: str
    size: tuple[int, int]
    filters: int
    groups: int = 1
    bias: str | None = None


@keras_layer("Conv2D", "Convolution2D", weights=slots("kernel", bias="use_bias"))
def conv2d(call: LayerCall) -> Value:
    """keras.layers.Conv2D: ``tf.nn.conv2d`` on (n, h, w, c), in ``groups`` of channels."""
    value = call.input
    channels, groups = channels_of(call, value), call.config.integer("groups", 1)
    filters, size = call.config.integer("filters"), call.config.pair("kernel_size")
    if groups < 1 or channels % groups or filters % groups:
        raise call.refusal(f"{channels} channels do not divide into {groups} groups")
    stored = call.weight("kernel", (*size, channels // groups, filters))
    shape = (filters, channels // groups, *size)
    weight = call.graph.parameter(call.name("kernel"), [stored], shape, filters_first)
    return _activated(call, value, Kernel(weight, size, filters, groups, _bias(call, filters)))


def depthwise_slots(layer: Layer) -> tuple[Slot, ...]:
    """The arrays of a depthwise convolution."""
    # Keras 3 calls the array what the attribute is called.
    kernel = Slot("depthwise_kernel", legacy="kernel")
    return (kernel, Slot("bias")) if layer.config.flag("use_bias", default=True) else (kernel,)


@keras_layer("DepthwiseConv2D", weights=depthwise_slots)
def depthwise_conv2d(call: LayerCall) -> Value:
    """keras.layers.DepthwiseConv2D: output channel ``c * multiplier + m`` sees channel c only.

    A ``groups`` key, which Keras 2 inherited from Conv2D, means nothing here.
    """
    value, kernel = call.input, _depthwise_kernel(call)
    return _activated(call, value, replace(kernel, bias=_bias(call, kernel.filters)))


@keras_layer(
    "SeparableConv2D",
    "SeparableConvolution2D",
    weights=slots("depthwise_kernel", "pointwise_kernel", bias="use_bias"),
)
def separable_conv2d(call: LayerCall) -> Value:
    """keras.layers.SeparableConv2D: a depthwise convolution, then a pointwise one with the bias."""
    depthwise, filters = _depthwise_kernel(call), call.config.integer("filters")
    middle = convolve(call, call.input, depthwise)
    stored = call.weight("pointwise_kernel", (1, 1, depthwise.filters, filters))
    shape = (filters, depthwise.filters, 1, 1)
    weight = call.graph.parameter(call.name("pointwise_kernel"), [stored], shape, filters_first)
    data_format, bias = call.config.data_format(), _bias(call, filters)
    inputs = [call.graph.channels_first(middle, data_format), weight, *([bias] if bias else [])]
    name = call.graph.op("Conv", *inputs, kernel_shape=(1, 1))
    out = call.graph.map(name, (filters, *spatial_size(call, middle)), data_format, middle)
    return apply_activation(call, out, call.config.get("activation"))


def convolve(call: LayerCall, value: Value, kernel: Kernel) -> Value:
    """The kernel slid over a map, with the layer's strides, dilation and padding."""
    rows, columns = fit_windows(call, value, kernel.size)
    data_format = call.config.data_format()
    inside, (top, left, bottom, right) = call.graph.without_border(value)
    inputs = [call.graph.channels_first(inside, data_format), kernel.weight]
    name = call.graph.op(
        "Conv",
        *(inputs if kernel.bias is None else [*inputs, kernel.bias]),
        kernel_shape=kernel.size,
        strides=call.config.pair("strides", 1),
        dilations=call.config.pair("dilation_rate", 1),
        pads=(
            top + rows.before,
            left + columns.before,
            bottom + rows.after,
            right + columns.after,
        ),
        group=kernel.groups,
    )
    return call.graph.map(name, (kernel.filters, rows.out, columns.out), data_format, value)


def _activated(call: LayerCall, value: Value, kernel: Kernel) -> Value:
    out = convolve(call, value, kernel)
    return apply_activation(call, out, call.config.get("activation"))


def _depthwise_kernel(call: LayerCall) -> Kernel:
    channels = channels_of(call, call.input)
    multiplier = call.config.integer("depth_multiplier", 1)
    size = call.config.pair("kernel_size")
    stored = call.weight("depthwise_kernel", (*size, channels, multiplier))
    shape = (channels * multiplier, 1, *size)
    weight = call.graph.parameter(
        call.name("depthwise_kernel"), [stored], shape, lambda array: array.transpose(2, 3, 0, 1)
    )
    return Kernel(weight, size, channels * multiplier, channels)


def filters_first(array: Floats) -> Floats:
    """(h, w, in, out) -> (out, in, h, w)."""
    return array.transpose(3, 2, 0, 1)


def _bias(call: LayerCall, filters: int) -> str | None:
    if not call.config.flag("use_bias", default=True):
        return None
    return call.graph.parameter(call.name("bias"), [call.weight("bias", (filters,))], (filters,))

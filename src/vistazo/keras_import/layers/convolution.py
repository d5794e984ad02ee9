"""Convolutions. Kernels: Keras (h, w, in, out), ONNX (out, in, h, w)."""

from __future__ import annotations

import numpy as np

from vistazo.keras_import.dialect import Layer
from vistazo.keras_import.graph import Floats
from vistazo.keras_import.layers.activation import apply_activation
from vistazo.keras_import.layers.window import Fit, Window, fit
from vistazo.keras_import.registry import LayerCall, register, slots
from vistazo.keras_import.value import IMAGE_RANK, Value
from vistazo.keras_import.weights import Slot

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
    if padding not in ("valid", "same"):
        raise call.refusal(f"its padding is '{padding}'")
    fits = [
        fit(Window(size, kernel[i], strides[i], dilations[i]), padding)
        for i, size in enumerate(spatial_size(call, value))
    ]
    if fits[0] is None or fits[1] is None:
        raise call.refusal(f"its window {kernel} does not fit into {spatial_size(call, value)}")
    return fits[0], fits[1]


@register("Conv2D", "Convolution2D", weights=slots("kernel", bias="use_bias"))
def conv2d(call: LayerCall) -> Value:
    """keras.layers.Conv2D: ``tf.nn.conv2d`` on (n, h, w, c), groups as in the paper on AlexNet."""
    value = call.input
    channels, groups = channels_of(call, value), call.config.integer("groups", 1)
    filters, kernel = call.config.integer("filters"), call.config.pair("kernel_size")
    if groups < 1 or channels % groups or filters % groups:
        raise call.refusal(f"{channels} channels do not divide into {groups} groups")
    stored = call.weight("kernel", (*kernel, channels // groups, filters))
    shape = (filters, channels // groups, *kernel)
    weight = call.graph.parameter(
        call.name("kernel"), [stored], shape, lambda array: array.transpose(3, 2, 0, 1)
    )
    return _convolve(call, value, weight, kernel, filters, groups)


@register("DepthwiseConv2D", weights=slots("depthwise_kernel", bias="use_bias"))
def depthwise_conv2d(call: LayerCall) -> Value:
    """keras.layers.DepthwiseConv2D: output channel ``c * multiplier + m`` sees channel c only.

    A ``groups`` key, which Keras 2 inherited from Conv2D, means nothing here.
    """
    value = call.input
    channels, multiplier = channels_of(call, value), call.config.integer("depth_multiplier", 1)
    kernel = call.config.pair("kernel_size")
    weight = _depthwise_kernel(call, kernel, channels, multiplier)
    return _convolve(call, value, weight, kernel, channels * multiplier, channels)


def _separable_slots(layer: Layer) -> tuple[Slot, ...]:
    names = ["depthwise_kernel", "pointwise_kernel"]
    return tuple(map(Slot, [*names, "bias"] if layer.config.flag("use_bias", True) else names))


@register("SeparableConv2D", "SeparableConvolution2D", weights=_separable_slots)
def separable_conv2d(call: LayerCall) -> Value:
    """keras.layers.SeparableConv2D: a depthwise convolution, then a pointwise one with the bias."""
    value = call.input
    channels, multiplier = channels_of(call, value), call.config.integer("depth_multiplier", 1)
    filters, kernel = call.config.integer("filters"), call.config.pair("kernel_size")
    inner = channels * multiplier
    depthwise = _depthwise_kernel(call, kernel, channels, multiplier)
    middle = _window(call, value, depthwise, kernel, inner, channels, bias=None)
    stored = call.weight("pointwise_kernel", (1, 1, inner, filters))
    pointwise = call.graph.parameter(
        call.name("pointwise_kernel"),
        [stored],
        (filters, inner, 1, 1),
        lambda array: array.transpose(3, 2, 0, 1),
    )
    data_format = call.config.data_format()
    inputs = [call.graph.channels_first(middle, data_format), pointwise, *_bias(call, filters)]
    name = call.graph.op("Conv", *inputs, kernel_shape=(1, 1))
    height, width = spatial_size(call, middle)
    out = call.graph.map(name, (filters, height, width), data_format, middle)
    return apply_activation(call, out, call.config.get("activation"))


def _depthwise_kernel(
    call: LayerCall, kernel: tuple[int, int], channels: int, multiplier: int
) -> str:
    # Keras before 2.9 calls it depthwise_kernel in both layers, and keeps it first in either.
    stored = call.weight("depthwise_kernel", (*kernel, channels, multiplier))

    def to_onnx(array: Floats) -> Floats:
        return np.asarray(array.transpose(2, 3, 0, 1), dtype=np.float32)

    shape = (channels * multiplier, 1, *kernel)
    return call.graph.parameter(call.name("depthwise_kernel"), [stored], shape, to_onnx)


def _convolve(
    call: LayerCall, value: Value, weight: str, kernel: tuple[int, int], filters: int, groups: int
) -> Value:
    bias = next(iter(_bias(call, filters)), None)
    out = _window(call, value, weight, kernel, filters, groups, bias)
    return apply_activation(call, out, call.config.get("activation"))


def _bias(call: LayerCall, filters: int) -> list[str]:
    if not call.config.flag("use_bias", default=True):
        return []
    return [call.graph.parameter(call.name("bias"), [call.weight("bias", (filters,))], (filters,))]


def _window(
    call: LayerCall,
    value: Value,
    weight: str,
    kernel: tuple[int, int],
    filters: int,
    groups: int,
    bias: str | None,
) -> Value:
    rows, columns = fit_windows(call, value, kernel)
    data_format = call.config.data_format()
    source = call.graph.channels_first(value, data_format)
    name = call.graph.op(
        "Conv",
        *(source, weight, bias) if bias else (source, weight),
        kernel_shape=kernel,
        strides=call.config.pair("strides", 1),
        dilations=call.config.pair("dilation_rate", 1),
        pads=(rows.before, columns.before, rows.after, columns.after),
        group=groups,
    )
    return call.graph.map(name, (filters, rows.out, columns.out), data_format, value)

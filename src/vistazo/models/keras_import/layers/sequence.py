"""Layers that go along a sequence: those of maps, on a map of one column.

A sequence (n, steps, channels) holds the numbers of a map (n, steps, 1, channels), and a window of
3 steps is one of 3 x 1 pixels. What a layer of maps does is said there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vistazo.models.keras_import.layers.convolution import (
    conv2d,
    depthwise_conv2d,
    depthwise_slots,
    separable_conv2d,
)
from vistazo.models.keras_import.layers.padding import cropping, zero_padding
from vistazo.models.keras_import.layers.pooling import (
    adaptive_pooling,
    average_pooling,
    max_pooling,
)
from vistazo.models.keras_import.layers.resampling import up_sampling
from vistazo.models.keras_import.layers.shape import permuted
from vistazo.models.keras_import.layers.transposed_convolution import conv2d_transpose
from vistazo.models.keras_import.registry import LayerCall, keras_layer, slots
from vistazo.models.keras_import.value import IMAGE_RANK, Value
from vistazo.models.keras_import.weight import Weight

_OfMaps = Callable[[LayerCall], Value]

_RANK = 3
_TURNED = (0, 2, 1, 3)
_KERNEL_RANK = 3
_TURNED = (0, 2, 1, 3)
# What a layer says of steps, and what its like says of columns.
_OF_COLUMNS = {
    "kernel_size": 1,
    "pool_size": 1,
    "size": 1,
    "strides": 1,
    "dilation_rate": 1,
    "output_size": 1,
    "output_padding": 0,
}


@keras_layer("Conv1D", "Convolution1D", weights=slots("kernel", bias="use_bias"))
def conv1d(call: LayerCall) -> Value:
    """keras.layers.Conv1D; with ``causal`` padding no step sees a later one.

    Keras 2.4 to 2.15 take a map as well, and go along each of its rows.
    """
    if call.input.rank == IMAGE_RANK and call.config.data_format() == "channels_last":
        turned = _of_map(call, permuted(call, call.input, _TURNED), conv2d)
        return replace(permuted(call, turned, _TURNED), parents=(call.input,))
    return _along(call, conv2d)


@keras_layer("DepthwiseConv1D", weights=depthwise_slots)
def depthwise_conv1d(call: LayerCall) -> Value:
    """keras.layers.DepthwiseConv1D."""
    return _along(call, depthwise_conv2d)


@keras_layer(
    "SeparableConv1D",
    "SeparableConvolution1D",
    weights=slots("depthwise_kernel", "pointwise_kernel", bias="use_bias"),
)
def separable_conv1d(call: LayerCall) -> Value:
    """keras.layers.SeparableConv1D."""
    return _along(call, separable_conv2d)


@keras_layer("Conv1DTranspose", "Convolution1DTranspose", weights=slots("kernel", bias="use_bias"))
def conv1d_transpose(call: LayerCall) -> Value:
    """keras.layers.Conv1DTranspose."""
    return _along(call, conv2d_transpose)


@keras_layer("MaxPooling1D", "MaxPool1D")
def max_pooling_1d(call: LayerCall) -> Value:
    """keras.layers.MaxPooling1D."""
    return _along(call, max_pooling)


@keras_layer("AveragePooling1D", "AvgPool1D")
def average_pooling_1d(call: LayerCall) -> Value:
    """keras.layers.AveragePooling1D."""
    return _along(call, average_pooling)


@keras_layer("AdaptiveAveragePooling1D", "AdaptiveMaxPooling1D")
def adaptive_pooling_1d(call: LayerCall) -> Value:
    """keras.layers.AdaptiveAveragePooling1D, where the output divides the input evenly."""
    return _along(call, adaptive_pooling)


@keras_layer("UpSampling1D")
def up_sampling_1d(call: LayerCall) -> Value:
    """keras.layers.UpSampling1D: every step repeated."""
    return _along(call, up_sampling)


@keras_layer("ZeroPadding1D")
def zero_padding_1d(call: LayerCall) -> Value:
    """keras.layers.ZeroPadding1D: ``padding`` is one number, or one before and one after."""
    return _along(_bordered(call, "padding"), zero_padding)


@keras_layer("Cropping1D")
def cropping_1d(call: LayerCall) -> Value:
    """keras.layers.Cropping1D: ``cropping`` as in ZeroPadding1D."""
    return _along(_bordered(call, "cropping"), cropping)


def _along(call: LayerCall, layer: _OfMaps) -> Value:
    value, is_last = call.input, call.config.data_format() == "channels_last"
    if value.rank != _RANK:
        raise call.refusal(f"its input is of rank {value.rank}, not a sequence")
    steps, channels = value.shape[1:] if is_last else value.shape[:0:-1]
    shape = (None, steps, 1, channels) if is_last else (None, channels, steps, 1)
    out = _of_map(call, call.graph.map_of(value, shape), layer)
    kept = (None, out.shape[1], out.shape[3]) if is_last else out.shape[:3]
    # No heatmap is to be made of a map that lies otherwise than the picture.
    sequence = replace(call.graph.reshape(out, kept), parents=(value,))
    call.graph.note_map(sequence, out)
    return sequence


def _of_map(call: LayerCall, value: Value, layer: _OfMaps) -> Value:
    on_map = _on_map(call, value)
    return layer(_padded(on_map) if call.config.get("padding") == "causal" else on_map)


def _on_map(call: LayerCall, value: Value) -> LayerCall:
    """The same call of the layer of maps."""
    weights = {name: _widened(weight) for name, weight in call.weights.items()}
    wide = {
        name: [_one_number(call, name), columns]
        for name, columns in _OF_COLUMNS.items()
        if call.config.get(name) is not None
    }
    return replace(call.configured(**wide), args=(value,), kwargs={}, weights=weights)


def _one_number(call: LayerCall, name: str) -> int:
    numbers = call.config.integers(name)
    if len(numbers) != 1:
        raise call.config.wrong(name, "one whole number", numbers)
    return numbers[0]


def _widened(weight: Weight) -> Weight:
    """A kernel of (steps, ...) as one of (steps, 1, ...); a bias as it is."""
    if len(weight.shape) != _KERNEL_RANK:
        return weight
    shape = (weight.shape[0], 1, *weight.shape[1:])
    return replace(weight, shape=shape, load=lambda: weight.load().reshape(shape))


def _padded(call: LayerCall) -> LayerCall:
    """With the zeros before the first step that ``causal`` stands for, and no other padding."""
    reach = (call.config.pair("kernel_size")[0] - 1) * call.config.pair("dilation_rate", 1)[0]
    before = zero_padding(call.configured(padding=[[reach, 0], [0, 0]]))
    return replace(call.configured(padding="valid"), args=(before,))


def _bordered(call: LayerCall, field: str) -> LayerCall:
    given = call.config.integers(field, 1)
    if len(given) not in (1, 2):
        raise call.config.wrong(field, "one whole number or two", given)
    return call.configured(**{field: [[given[0], given[-1]], [0, 0]]})

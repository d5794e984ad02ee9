"""Pooling over windows and over the whole map."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from vistazo.models.keras_import.config import DataFormat
from vistazo.models.keras_import.layers.convolution import channels_of, fit_windows
from vistazo.models.keras_import.layers.reduction import reduce
from vistazo.models.keras_import.operations import operation
from vistazo.models.keras_import.registry import LayerCall, keras_layer
from vistazo.models.keras_import.value import IMAGE_RANK, Value

# ONNX Runtime (1.17 to 1.31) folds zeros laid around a map into the pooling that follows, although
# a zero can be the maximum and MaxPool's own padding cannot (PadFusion; ResNet50V2 has such a
# pair), and although it takes no padding as wide as the window. Taking the maximum with this number
# changes nothing, and keeps the two apart.
_LOWEST = np.finfo(np.float32).min


@keras_layer("MaxPooling2D", "MaxPool2D")
def max_pooling(call: LayerCall) -> Value:
    """keras.layers.MaxPooling2D; padding never wins."""
    return _pool(call, "MaxPool")


@keras_layer("AveragePooling2D", "AvgPool2D")
def average_pooling(call: LayerCall) -> Value:
    """keras.layers.AveragePooling2D: the mean of the pixels inside, padding not counted."""
    return _pool(call, "AveragePool")


def _pool(call: LayerCall, op_type: str) -> Value:
    value = call.input
    window = call.config.pair("pool_size", 2)
    strides = call.config.pair("strides") if call.config.get("strides") else window
    rows, columns = fit_windows(call, value, window, strides)
    counts = call.config.flag("counts_padding", default=False)  # Theano's, in some versions
    data_format = call.config.data_format()
    name = call.graph.op(
        op_type,
        _source(call, value, data_format),
        kernel_shape=window,
        strides=strides,
        pads=(rows.before, columns.before, rows.after, columns.after),
        **({"count_include_pad": 1} if op_type == "AveragePool" and counts else {}),
    )
    shape = (channels_of(call, value), rows.out, columns.out)
    return call.graph.map(name, shape, data_format, value)


def _source(call: LayerCall, value: Value, data_format: DataFormat) -> str:
    """What a window slides over, kept apart from zeros that were laid around it."""
    source = call.graph.channels_first(value, data_format)
    before = call.graph.maker(source)
    if before is None or before.op_type != "Pad":
        return source
    return call.graph.op("Max", source, call.graph.floats(_LOWEST))


@operation("MaxPool", tf="nn.max_pool nn.max_pool2d")
def max_pool(call: LayerCall) -> Value:
    """keras.ops.max_pool and tf.nn.max_pool2d."""
    return max_pooling(_as_layer(call))


@operation("AveragePool", tf="nn.avg_pool nn.avg_pool2d")
def average_pool(call: LayerCall) -> Value:
    """keras.ops.average_pool and tf.nn.avg_pool2d."""
    return average_pooling(_as_layer(call))


def _as_layer(call: LayerCall) -> LayerCall:
    """TensorFlow counts a window over all four axes, or over two."""
    options = call.options
    formats = {"NHWC": "channels_last", "NCHW": "channels_first"}
    form = formats.get(options.text("data_format", "NHWC"), options.get("data_format"))
    inner = slice(1, 3) if form == "channels_last" else slice(2, 4)
    sizes = {}
    for name, other in (("pool_size", "ksize"), ("strides", "strides")):
        given = options.get(name, other)
        sizes[name] = given[inner] if isinstance(given, list) and len(given) > 2 else given
    padding = options.text("padding", "valid").lower()
    return call.configured(padding=padding, data_format=form, **sizes)


@keras_layer("GlobalAveragePooling2D", "GlobalAvgPool2D")
def global_average_pooling(call: LayerCall) -> Value:
    """keras.layers.GlobalAveragePooling2D: the mean over height and width."""
    return _pool_whole(call, "GlobalAveragePool", "ReduceMean")


@keras_layer("GlobalMaxPooling2D", "GlobalMaxPool2D")
def global_max_pooling(call: LayerCall) -> Value:
    """keras.layers.GlobalMaxPooling2D: the maximum over height and width."""
    return _pool_whole(call, "GlobalMaxPool", "ReduceMax")


def _pool_whole(call: LayerCall, on_first: str, on_last: str) -> Value:
    value, graph, data_format = call.input, call.graph, call.config.data_format()
    channels = channels_of(call, value)
    if value.moved or data_format == "channels_first":
        source = graph.channels_first(value, data_format)
        pooled = graph.map(graph.op(on_first, source), (channels, 1, 1), data_format, value)
    else:  # stored channels last: reducing there spares a transpose
        name = graph.op(on_last, value.name, graph.integers((1, 2)))
        pooled = graph.value(name, (None, 1, 1, channels), value)
    pooled = graph.like(pooled, pooled.name, _kept(value))
    if call.config.flag("keepdims", default=False):
        return pooled
    if pooled.moved:
        return graph.reshape(pooled, (None, channels))
    return _flat(call, pooled, channels, data_format)


def _flat(call: LayerCall, pooled: Value, channels: int, data_format: DataFormat) -> Value:
    axes = (1, 2) if data_format == "channels_last" else (2, 3)
    name = call.graph.op("Squeeze", pooled.name, call.graph.integers(axes))
    flat = call.graph.value(name, (None, channels), pooled)
    return call.graph.like(flat, name, pooled.activation)


def _kept(value: Value) -> str:
    # The mean of logits is a logit; the mean of probabilities is no softmax's output any more.
    return value.activation if value.activation == "linear" else "unknown"


@keras_layer("GlobalAveragePooling1D", "GlobalMaxPooling1D", "GlobalAvgPool1D", "GlobalMaxPool1D")
def global_pooling_of_a_sequence(call: LayerCall) -> Value:
    """keras.layers.GlobalAveragePooling1D and its maximum: over the steps of (n, steps, c)."""
    value, keep = call.input, call.config.flag("keepdims", default=False)
    axis = 1 if call.config.data_format() == "channels_last" else 2
    op_type = "ReduceMax" if "Max" in call.layer.class_name else "ReduceMean"
    if call.mask is not None:
        return _mean_of_what_counts(call, axis, keep=keep)
    return reduce(call, op_type, value, (axis,), keep=keep)


def _mean_of_what_counts(call: LayerCall, axis: int, *, keep: bool) -> Value:
    """Of masked steps only those that count; of none there is no mean, in Keras either."""
    value, mask, graph = call.input, call.mask, call.graph
    if mask is None or mask.shape != (value.shape[0], value.shape[axis]):
        raise call.refusal("its mask is not one per step")
    numbers = graph.op("Cast", mask.name, to=TensorProto.FLOAT)
    wide = graph.op("Unsqueeze", numbers, graph.integers([3 - axis]))
    along = graph.integers([axis])
    total = graph.op(
        "ReduceSum", graph.op("Mul", graph.plain(value), wide), along, keepdims=int(keep)
    )
    count = graph.op("ReduceSum", wide, along, keepdims=int(keep))
    shape = [1 if i == axis else n for i, n in enumerate(value.shape) if keep or i != axis]
    return graph.value(graph.op("Div", total, count), tuple(shape), value)


@keras_layer("AdaptiveAveragePooling2D", "AdaptiveMaxPooling2D")
def adaptive_pooling(call: LayerCall) -> Value:
    """keras.layers.AdaptiveAveragePooling2D, where the output divides the input evenly."""
    value, data_format = call.input, call.config.data_format()
    channels = channels_of(call, value)
    axes = (1, 2) if data_format == "channels_last" else (2, 3)
    size, out = [value.size(axis) for axis in axes], call.config.pair("output_size")
    if value.rank != IMAGE_RANK or min(out) < 1 or size[0] % out[0] or size[1] % out[1]:
        raise call.refusal(f"{size} does not divide evenly into {out}")
    window = (size[0] // out[0], size[1] // out[1])
    op_type = "AveragePool" if "Average" in call.layer.class_name else "MaxPool"
    source = _source(call, value, data_format)
    name = call.graph.op(op_type, source, kernel_shape=window, strides=window)
    return call.graph.map(name, (channels, *out), data_format, value)
